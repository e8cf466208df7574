import { SeededRandom } from "@ordinal/kit";
import { describe, expect, test } from "vitest";

import { QuorumConfig } from "../config/quorum-config.ts";
import { makeZxid, ZERO_ZXID, type Zxid } from "../jute/zxid.ts";
import { Election, type ElectionOutput } from "./election.ts";
import type { Notification } from "./notification.ts";
import { NO_ZXID, NONE, UNKNOWN_ZXID, type PeerState, type Vote } from "./vote.ts";

function configOf(voters: number, options: { observers?: number; version?: number } = {}): QuorumConfig {
  let text = "";
  for (let sid = 1; sid <= voters + (options.observers ?? 0); sid++) {
    text += `server.${sid}=zk-${sid}:2888:3888:${sid <= voters ? "participant" : "observer"}\n`;
  }
  return QuorumConfig.parse(`${text}version=${(options.version ?? 0).toString(16)}`);
}

const zxid = (counter: number, epoch = 0): Zxid => makeZxid(epoch, counter);

function election(sid: number, voters = 3, options: { observers?: number; version?: number } = {}): Election {
  return new Election({ sid, config: configOf(voters, options) });
}

function heard(state: PeerState, vote: Partial<Vote>, config = ""): Notification {
  const configText = config === "" ? undefined : config;
  const whole = { leader: 1, zxid: ZERO_ZXID, electionEpoch: 1, peerEpoch: 0, ...vote };
  return { ...whole, state, version: 2, configText };
}

const decisions = (outputs: ElectionOutput[]): object[] =>
  outputs.flatMap((output) => (output.kind === "decided" ? [{ state: output.state, leader: output.vote.leader }] : []));
const sends = (outputs: ElectionOutput[]): (readonly [number, number])[] =>
  outputs.flatMap((output) => (output.kind === "send" ? [[output.to, output.vote.leader] as const] : []));

describe("votes", () => {
  test("a server first votes for itself and tells every other voter, not observers", () => {
    const server = election(2, 3, { observers: 1 });
    server.look({ zxid: zxid(7), peerEpoch: 1 }, 0);
    const outputs = server.takeOutputs();
    expect(sends(outputs)).toEqual([
      [1, 2],
      [3, 2],
    ]);
    const vote = { leader: 2, zxid: 7, electionEpoch: 1, peerEpoch: 1 };
    expect(outputs[0]).toEqual({ kind: "send", to: 1, vote, state: "looking" });
  });

  test.each([
    ["a higher epoch, whatever its zxid", { leader: 1, peerEpoch: 2, zxid: zxid(1) }, true],
    ["a higher zxid in the same epoch", { leader: 1, peerEpoch: 1, zxid: zxid(8) }, true],
    ["a higher sid with the same zxid", { leader: 3, peerEpoch: 1, zxid: zxid(7) }, true],
    ["a lower sid with the same zxid", { leader: 1, peerEpoch: 1, zxid: zxid(7) }, false],
    ["a lower zxid", { leader: 3, peerEpoch: 1, zxid: zxid(6) }, false],
    ["a lower epoch, whatever its zxid", { leader: 3, peerEpoch: 0, zxid: zxid(99) }, false],
  ])("a candidate with %s: adopted %#", (_, candidate, isAdopted) => {
    const server = election(2, 5);
    server.look({ zxid: zxid(7), peerEpoch: 1 }, 0);
    server.takeOutputs();
    server.receive(candidate.leader, heard("looking", candidate), 1);
    const told = sends(server.takeOutputs());
    if (isAdopted) expect(told.map(([to]) => to)).toEqual([1, 3, 4, 5]);
    // Who is heard for the first time in the round and has less is told what there is.
    else expect(told).toEqual([[candidate.leader, 2]]);
  });

  test("a server of weight 0 is never adopted", () => {
    const groups = "group.1=1:2:3\nweight.1=1\nweight.2=1\nweight.3=0\n";
    const config = QuorumConfig.parse(`${configOf(3).toString().replace("version", `${groups}version`)}`);
    const server = new Election({ sid: 1, config });
    server.look({ zxid: zxid(1), peerEpoch: 0 }, 0);
    server.takeOutputs();
    server.receive(3, heard("looking", { leader: 3, zxid: zxid(9) }), 1);
    expect(sends(server.takeOutputs())).toEqual([[3, 1]]);
  });

  test("who votes for no voter, or does not know its own zxid, is not counted", () => {
    const server = election(2);
    server.look({ zxid: zxid(1), peerEpoch: 0 }, 0);
    server.takeOutputs();
    server.receive(3, heard("looking", { leader: 9, zxid: zxid(9) }), 1);
    expect(server.takeOutputs()).toMatchObject([{ kind: "ignored", from: 3 }]);
    server.receive(3, heard("looking", { leader: 3, zxid: UNKNOWN_ZXID }), 1);
    expect(server.takeOutputs()).toEqual([]);
  });
});

describe("rounds", () => {
  test("a higher round is adopted with the better of its vote and the server's own", () => {
    for (const [counter, leader] of [
      [9, 3],
      [1, 2],
    ] as const) {
      const server = election(2, 5);
      server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
      server.takeOutputs();
      server.receive(3, heard("looking", { leader: 3, zxid: zxid(counter), electionEpoch: 6 }), 1);
      const outputs = server.takeOutputs();
      expect(sends(outputs)).toEqual([1, 3, 4, 5].map((to) => [to, leader]));
      expect(outputs[0]).toMatchObject({ vote: { electionEpoch: 6 } });
    }
  });

  test("votes of the rounds before count no more", () => {
    const server = election(3, 5);
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
    server.receive(1, heard("looking", { leader: 3, zxid: zxid(5) }), 1);
    server.receive(2, heard("looking", { leader: 2, zxid: zxid(1), electionEpoch: 2 }), 2);
    server.receive(4, heard("looking", { leader: 3, zxid: zxid(5), electionEpoch: 2 }), 3);
    expect(server.deadlineMs).toBe(202); // the retry: three of five do not agree in round 2
  });

  test("a lower round is answered with the vote of this one", () => {
    const server = election(1, 3);
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
    server.takeOutputs();
    server.receive(3, heard("looking", { leader: 3, zxid: zxid(9), electionEpoch: 1 }), 1);
    expect(sends(server.takeOutputs())).toEqual([[3, 1]]);
  });
});

describe("decisions", () => {
  test("all voters agree: at once", () => {
    const server = election(3);
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
    server.receive(1, heard("looking", { leader: 3, zxid: zxid(5) }), 1);
    expect(decisions(server.takeOutputs())).toEqual([]);
    server.receive(2, heard("looking", { leader: 3, zxid: zxid(5) }), 2);
    expect(decisions(server.takeOutputs())).toEqual([{ state: "leading", leader: 3 }]);
    expect(server.isLooking).toBe(false);
    expect(server.deadlineMs).toBeUndefined();
  });

  test("a quorum agrees and the rest is silent: after 200 ms without news", () => {
    const server = election(2);
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
    server.receive(1, heard("looking", { leader: 2, zxid: zxid(5) }), 50);
    expect(server.deadlineMs).toBe(200);
    server.tick(200); // the retry of the vote
    expect(server.deadlineMs).toBe(250);
    server.takeOutputs();
    server.tick(249);
    expect(decisions(server.takeOutputs())).toEqual([]);
    server.tick(250);
    expect(decisions(server.takeOutputs())).toEqual([{ state: "leading", leader: 2 }]);
  });

  test("a better candidate within these 200 ms takes the place", () => {
    const server = election(2, 5);
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
    server.receive(1, heard("looking", { leader: 2, zxid: zxid(5) }), 10);
    server.receive(3, heard("looking", { leader: 2, zxid: zxid(5) }), 20);
    server.receive(5, heard("looking", { leader: 5, zxid: zxid(5) }), 100);
    server.takeOutputs();
    server.tick(220);
    expect(decisions(server.takeOutputs())).toEqual([]);
    server.receive(1, heard("looking", { leader: 5, zxid: zxid(5) }), 230);
    server.tick(430);
    expect(decisions(server.takeOutputs())).toEqual([{ state: "following", leader: 5 }]);
  });

  test("a quorum agrees and the rest is dead: at once", () => {
    const server = election(2);
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
    server.refused(3, 1);
    server.receive(1, heard("looking", { leader: 2, zxid: zxid(5) }), 2);
    expect(decisions(server.takeOutputs())).toEqual([{ state: "leading", leader: 2 }]);
  });

  test("who was dead and connects again is waited for", () => {
    const server = election(2);
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
    server.refused(3, 1);
    server.connected(3);
    server.receive(1, heard("looking", { leader: 2, zxid: zxid(5) }), 2);
    expect(decisions(server.takeOutputs())).toEqual([]);
  });

  test("a candidate whose process died is not decided for at once", () => {
    const server = election(2);
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
    server.receive(3, heard("looking", { leader: 3, zxid: zxid(6) }), 1);
    server.refused(1, 2);
    // Two of three are for 3 and 1 is dead: 3 leads.
    expect(decisions(server.takeOutputs())).toEqual([{ state: "following", leader: 3 }]);
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 10);
    server.receive(1, heard("looking", { leader: 3, zxid: zxid(6), electionEpoch: 2 }), 11);
    server.refused(3, 12);
    expect(decisions(server.takeOutputs())).toEqual([]);
    expect(server.deadlineMs).toBe(210);
  });

  test("a voter of a configuration that is proposed must agree too", () => {
    const server = new Election({ sid: 1, config: configOf(1) });
    server.replaceConfig(configOf(1), configOf(3, { version: 5 }), 0);
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
    expect(decisions(server.takeOutputs())).toEqual([]);
    server.receive(2, heard("looking", { leader: 1, zxid: zxid(5) }), 1);
    server.tick(201);
    expect(decisions(server.takeOutputs())).toEqual([{ state: "leading", leader: 1 }]);
  });

  test("the only voter of an ensemble leads at once", () => {
    const server = election(1, 1, { observers: 1 });
    server.look({ zxid: zxid(5), peerEpoch: 0 }, 0);
    expect(decisions(server.takeOutputs())).toEqual([{ state: "leading", leader: 1 }]);
  });
});

describe("joining an ensemble that has a leader", () => {
  const settled = { leader: 3, zxid: zxid(1, 4), electionEpoch: 9, peerEpoch: 5 };

  test("it takes a quorum of followers, and the leader's own word", () => {
    const server = election(1, 5);
    server.look({ zxid: zxid(9, 6), peerEpoch: 6 }, 0);
    server.receive(2, heard("following", settled), 1);
    server.receive(4, heard("following", settled), 2);
    server.receive(5, heard("following", settled), 3);
    expect(decisions(server.takeOutputs())).toEqual([]);
    server.receive(3, heard("leading", settled), 4);
    const outputs = server.takeOutputs();
    expect(decisions(outputs)).toEqual([{ state: "following", leader: 3 }]);
    // The round is the ensemble's from then on.
    server.look({ zxid: zxid(9, 6), peerEpoch: 6 }, 5);
    expect(server.takeOutputs()[0]).toMatchObject({ vote: { electionEpoch: 10 } });
  });

  test("the leader alone is not enough", () => {
    const server = election(1, 5);
    server.look({ zxid: zxid(9), peerEpoch: 0 }, 0);
    server.receive(3, heard("leading", settled), 1);
    server.receive(2, heard("following", settled), 1);
    server.tick(200);
    expect(decisions(server.takeOutputs())).toEqual([]);
  });

  test("followers of another epoch do not count, those with another zxid and round do", () => {
    const server = election(1, 5);
    server.look({ zxid: zxid(9), peerEpoch: 0 }, 0);
    server.receive(3, heard("leading", settled), 1);
    server.receive(2, heard("following", { ...settled, zxid: zxid(0), electionEpoch: 2 }), 1);
    server.receive(4, heard("following", { ...settled, peerEpoch: 4 }), 1);
    expect(decisions(server.takeOutputs())).toEqual([]);
    server.receive(4, heard("following", settled), 2);
    expect(decisions(server.takeOutputs())).toEqual([{ state: "following", leader: 3 }]);
  });

  test("in the round of this election the votes of those that look count too", () => {
    const server = election(1, 3);
    server.look({ zxid: zxid(1), peerEpoch: 0 }, 0);
    const vote = { leader: 3, zxid: zxid(8), electionEpoch: 1, peerEpoch: 0 };
    server.receive(3, heard("looking", vote), 1);
    server.receive(3, heard("leading", vote), 2);
    expect(decisions(server.takeOutputs())).toEqual([{ state: "following", leader: 3 }]);
  });

  test("a server that the others take for their leader leads only in the round that it is in", () => {
    const server = election(3, 3);
    server.look({ zxid: zxid(1), peerEpoch: 0 }, 0);
    server.receive(1, heard("following", settled), 1);
    server.receive(2, heard("following", settled), 2);
    expect(decisions(server.takeOutputs())).toEqual([]);
    const here = { ...settled, electionEpoch: 1 };
    server.receive(1, heard("following", here), 3);
    server.receive(2, heard("following", here), 4);
    expect(decisions(server.takeOutputs())).toEqual([{ state: "leading", leader: 3 }]);
  });
});

describe("a settled server", () => {
  const vote = { leader: 3, zxid: zxid(8), electionEpoch: 4, peerEpoch: 2 };

  test("tells who looks for a leader, and nobody else", () => {
    const server = election(2);
    server.settle("following", vote);
    server.receive(1, heard("looking", { electionEpoch: 9, zxid: zxid(99) }), 1);
    expect(server.takeOutputs()).toEqual([
      { kind: "peer-looking", from: 1 },
      { kind: "send", to: 1, vote, state: "following" },
    ]);
    server.receive(1, heard("leading", { leader: 1 }), 2);
    expect(server.takeOutputs()).toEqual([]);
  });

  test("tells an observer the round that it is in itself", () => {
    const server = election(2, 3, { observers: 1 });
    server.look({ zxid: zxid(1), peerEpoch: 0 }, 0);
    server.settle("leading", vote);
    server.takeOutputs();
    server.receive(4, heard("looking", { leader: NONE, zxid: NO_ZXID, peerEpoch: NONE }), 1);
    expect(server.takeOutputs()).toEqual([
      { kind: "send", to: 4, vote: { ...vote, electionEpoch: 1 }, state: "leading" },
    ]);
  });
});

describe("an observer", () => {
  test("votes for nobody, and observes whom the voters elect", () => {
    const server = election(4, 3, { observers: 1 });
    server.look({ zxid: zxid(9), peerEpoch: 9 }, 0);
    const none = { leader: NONE, zxid: NO_ZXID, electionEpoch: 1, peerEpoch: NONE };
    expect(server.takeOutputs()).toEqual([1, 2, 3].map((to) => ({ kind: "send", to, vote: none, state: "looking" })));
    for (const sid of [1, 2, 3]) server.receive(sid, heard("looking", { leader: 3, zxid: zxid(2) }), sid);
    expect(decisions(server.takeOutputs())).toEqual([{ state: "observing", leader: 3 }]);
  });
});

describe("saying it again", () => {
  test("after 200 ms, then twice as long each time up to a minute; news begins anew", () => {
    const server = election(1);
    server.look({ zxid: zxid(1), peerEpoch: 0 }, 0);
    server.takeOutputs();
    const waits: number[] = [];
    let nowMs = 0;
    for (let retry = 0; retry < 11; retry++) {
      const dueMs = server.deadlineMs ?? 0;
      waits.push(dueMs - nowMs);
      nowMs = dueMs;
      server.tick(nowMs);
      expect(sends(server.takeOutputs())).toHaveLength(2);
    }
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
    server.receive(2, heard("looking", { leader: 1, zxid: zxid(1) }), nowMs + 1);
    server.tick(nowMs + 201);
    expect(decisions(server.takeOutputs())).toHaveLength(1);
  });

  test("who is heard for the first time in a round is told this server's vote, once", () => {
    const server = election(3);
    server.look({ zxid: zxid(1), peerEpoch: 0 }, 0);
    server.takeOutputs();
    server.receive(1, heard("looking", { leader: 1 }), 1);
    server.receive(1, heard("looking", { leader: 1 }), 2);
    expect(sends(server.takeOutputs())).toEqual([[1, 3]]);
  });
});

describe("configurations", () => {
  const newer = configOf(5, { version: 7 });

  test("a newer one is handed out, and its sender's vote waits", () => {
    const server = election(2);
    server.look({ zxid: zxid(1), peerEpoch: 0 }, 0);
    server.takeOutputs();
    server.receive(3, heard("looking", { leader: 3, zxid: zxid(5) }, newer.toString()), 1);
    const outputs = server.takeOutputs();
    expect(outputs).toMatchObject([{ kind: "newer-config", from: 3 }]);
    server.replaceConfig(newer, undefined, 2);
    expect(sends(server.takeOutputs()).map(([to]) => to)).toEqual([1, 3, 4, 5]);
  });

  test("an older one, or none at all, changes nothing", () => {
    const server = election(2, 3, { version: 9 });
    server.look({ zxid: zxid(1), peerEpoch: 0 }, 0);
    server.takeOutputs();
    server.receive(3, heard("looking", { leader: 3, zxid: zxid(5) }, newer.toString()), 1);
    expect(sends(server.takeOutputs())).toHaveLength(2);
    server.receive(1, heard("looking", { leader: 3, zxid: zxid(5) }, "server.x"), 2);
    expect(server.takeOutputs()).toMatchObject([{ kind: "ignored" }, { kind: "send" }, { kind: "decided" }]);
  });
});

test("whatever the schedule, all agree on one leader that a quorum has nothing newer than", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const ensemble = new Ensemble(seed);
    expect(ensemble.run(), `seed ${seed}`).toBe(true);
  }
});

/** An ensemble's elections over a network that delays, with servers that stop, start, and look again if nobody leads. */
class Ensemble {
  readonly #random: SeededRandom;
  readonly #servers = new Map<number, Server>();
  readonly #mail: { atMs: number; order: number; to: number; from: number; what: Notification }[] = [];
  readonly #slowMs: number;
  readonly #quorum: number;
  #order = 0;
  #nowMs = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#slowMs = this.#random.pick([5, 50, 400]);
    const size = this.#random.pick([3, 5]);
    this.#quorum = Math.floor(size / 2) + 1;
    for (let sid = 1; sid <= size; sid++) {
      const my = { zxid: zxid(this.#random.between(0, 3), this.#random.between(0, 1)), peerEpoch: 0 };
      const server = {
        sid,
        my: { ...my, peerEpoch: Math.floor(my.zxid / 2 ** 32) },
        startsAtMs: this.#random.between(0, 300),
      };
      this.#servers.set(sid, {
        ...server,
        election: election(sid, size),
        settledAtMs: undefined,
        vote: undefined,
        isUp: false,
      });
    }
    if (this.#random.chance(0.4)) this.#servers.delete(this.#random.between(1, size)); // one that is dead all the time
  }

  /** Whether all agreed in the end. */
  run(): boolean {
    for (; this.#nowMs < 60_000; this.#nowMs++) {
      for (const server of this.#servers.values()) this.#turn(server);
      this.#deliver();
      if (this.#nowMs % 100 === 0 && this.#isStable()) return true;
    }
    return false;
  }

  #turn(server: Server): void {
    if (!server.isUp && this.#nowMs >= server.startsAtMs) {
      server.isUp = true;
      server.election.look(server.my, this.#nowMs);
    }
    const dueMs = server.election.deadlineMs;
    if (dueMs !== undefined && this.#nowMs >= dueMs) server.election.tick(this.#nowMs);
    // Discovery: a leader that too few follow, and a follower whose leader does not lead, look again.
    if (server.settledAtMs !== undefined && this.#nowMs - server.settledAtMs > 1000 && !this.#hasLeader(server)) {
      server.settledAtMs = undefined;
      server.election.look(server.my, this.#nowMs);
    }
    this.#take(server);
  }

  #take(server: Server): void {
    for (const output of server.election.takeOutputs()) {
      if (output.kind === "decided") {
        server.settledAtMs = this.#nowMs;
        server.vote = output.vote;
        if (output.state === "leading") this.#mustBeNewestOfAQuorum(server);
      } else if (output.kind === "send") {
        const what = { ...output.vote, state: output.state, version: 2, configText: undefined };
        const atMs = this.#nowMs + this.#random.between(1, this.#slowMs);
        this.#mail.push({ atMs, order: this.#order++, to: output.to, from: server.sid, what });
      }
    }
  }

  #deliver(): void {
    this.#mail.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    while ((this.#mail[0]?.atMs ?? Infinity) <= this.#nowMs) {
      const letter = this.#mail.shift();
      const server = letter && this.#servers.get(letter.to);
      if (letter === undefined || server?.isUp !== true) {
        const sender = letter && this.#servers.get(letter.from);
        if (letter !== undefined) sender?.election.refused(letter.to, this.#nowMs);
        if (sender !== undefined) this.#take(sender);
        continue;
      }
      server.election.receive(letter.from, letter.what, this.#nowMs);
      this.#take(server);
    }
  }

  #mustBeNewestOfAQuorum(leader: Server): void {
    const older = [...this.#servers.values()].filter((one) => one.my.zxid <= leader.my.zxid);
    expect(older.length).toBeGreaterThanOrEqual(this.#quorum);
  }

  #hasLeader(server: Server): boolean {
    const leader = this.#servers.get(server.vote?.leader ?? 0);
    const followers = [...this.#servers.values()].filter(
      (one) => one.vote?.leader === leader?.sid && !one.election.isLooking,
    );
    return (
      leader !== undefined &&
      !leader.election.isLooking &&
      leader.vote?.leader === leader.sid &&
      followers.length >= this.#quorum
    );
  }

  #isStable(): boolean {
    const all = [...this.#servers.values()];
    const leader = all[0]?.vote?.leader;
    return all.every((one) => one.isUp && !one.election.isLooking && one.vote?.leader === leader);
  }
}

interface Server {
  readonly sid: number;
  readonly my: { readonly zxid: Zxid; readonly peerEpoch: number };
  readonly startsAtMs: number;
  readonly election: Election;
  settledAtMs: number | undefined;
  vote: Vote | undefined;
  isUp: boolean;
}
