import type { Log } from "@ordinal/io";
import { World, type SimulatedHost } from "@ordinal/simulator";
import { beforeEach, describe, expect, test } from "vitest";

import { QuorumConfig } from "../config/quorum-config.ts";
import { ZERO_ZXID, type Zxid } from "../jute/zxid.ts";
import { encodeInitialMessage } from "./initial-message.ts";
import { ElectionPort } from "./shell.ts";
import type { Vote } from "./vote.ts";

const PORT = 3888;

/** Servers 1 to `count` at 10.0.0.N, by name. */
class Lab {
  readonly world: World;
  readonly config: QuorumConfig;
  readonly ports = new Map<number, ElectionPort>();
  readonly votes = new Map<number, Vote>();
  readonly lines: string[] = [];

  constructor(seed: number, count: number) {
    this.world = new World(seed);
    let text = "";
    for (let sid = 1; sid <= count; sid++) {
      text += `server.${sid}=zk-${sid}:2888:${PORT}\n`;
      this.world.names.set(`zk-${sid}`, [`10.0.0.${sid}`]);
    }
    this.config = QuorumConfig.parse(`${text}version=0`);
  }

  host(sid: number): SimulatedHost {
    return this.world.host(`10.0.0.${sid}`);
  }

  start(sid: number, config = this.config): ElectionPort {
    const { net, clock, resolver } = this.host(sid).start();
    const port = new ElectionPort({ net, clock, resolver, log: this.#log(sid), sid, config });
    this.ports.set(sid, port);
    this.votes.delete(sid);
    void port.start();
    return port;
  }

  look(sid: number, zxid = 0, peerEpoch = 0): void {
    this.votes.delete(sid);
    void this.ports
      .get(sid)
      ?.lookForLeader({ zxid: zxid as Zxid, peerEpoch })
      .then((vote) => this.votes.set(sid, vote));
  }

  kill(sid: number): void {
    this.host(sid).kill();
    this.ports.delete(sid);
    this.votes.delete(sid);
  }

  leaders(): Record<number, number> {
    return Object.fromEntries([...this.votes].map(([sid, vote]) => [sid, vote.leader]));
  }

  /** The virtual time until all that run have decided, at most `limitMs`. */
  async decided(limitMs = 5000): Promise<number> {
    const startMs = this.world.events.nowMs;
    while (this.votes.size < this.ports.size && this.world.events.nowMs - startMs < limitMs) await this.world.run(1);
    return this.world.events.nowMs - startMs;
  }

  #log(sid: number): Log {
    const note = (event: string, fields?: object): void => {
      this.lines.push(`${sid} ${event} ${JSON.stringify(fields ?? {})}`);
    };
    return { debug: () => {}, info: note, warn: note, error: note };
  }
}

let seed = 0;
beforeEach(() => {
  seed++;
});

async function settledLab(count: number): Promise<Lab> {
  const lab = new Lab(seed, count);
  for (const sid of lab.config.members.keys()) lab.start(sid);
  await lab.world.run(10);
  for (const sid of lab.config.members.keys()) lab.look(sid);
  await lab.decided();
  return lab;
}

describe("ElectionPort", () => {
  test("servers that start at different times elect one leader, and late ones join it", async () => {
    const lab = new Lab(seed, 3);
    lab.start(1);
    lab.look(1, 9);
    await lab.world.run(700);
    expect(lab.leaders()).toEqual({});
    lab.start(2);
    lab.look(2, 5);
    await lab.decided();
    expect(lab.leaders()).toEqual({ 1: 1, 2: 1 });
    lab.start(3);
    lab.look(3, 99);
    await lab.decided();
    expect(lab.leaders()).toEqual({ 1: 1, 2: 1, 3: 1 });
  });

  test("all there: decided in a few round trips", async () => {
    const lab = new Lab(seed, 5);
    for (const sid of lab.config.members.keys()) lab.start(sid);
    await lab.world.run(10);
    for (const sid of lab.config.members.keys()) lab.look(sid);
    expect(await lab.decided()).toBeLessThan(50);
    expect(lab.leaders()).toEqual({ 1: 5, 2: 5, 3: 5, 4: 5, 5: 5 });
  });

  test("the leader's process dies: the others need no more than round trips to agree on another", async () => {
    const lab = await settledLab(3);
    await lab.world.run(5000);
    lab.kill(3);
    for (const sid of [1, 2]) lab.look(sid);
    expect(await lab.decided()).toBeLessThan(30);
    expect(lab.leaders()).toEqual({ 1: 2, 2: 2 });
  });

  test("the leader's machine dies and nobody says so: the others wait 200 ms, not for the connection", async () => {
    const lab = await settledLab(3);
    await lab.world.run(5000);
    lab.host(3).powerOff();
    lab.ports.delete(3);
    lab.votes.delete(3);
    for (const sid of [1, 2]) lab.look(sid);
    const tookMs = await lab.decided();
    expect(tookMs).toBeGreaterThan(200);
    expect(tookMs).toBeLessThan(260);
    expect(lab.leaders()).toMatchObject({ 1: 2, 2: 2 });
  });

  test("a server that was cut off finds the leader once the network is back", async () => {
    const lab = await settledLab(3);
    lab.world.network.cut("10.0.0.1", ["10.0.0.2", "10.0.0.3"]);
    lab.look(1);
    await lab.world.run(120_000);
    expect(lab.leaders()).toEqual({ 2: 3, 3: 3 });
    lab.world.network.healAll();
    expect(await lab.decided()).toBeLessThan(3000);
    expect(lab.leaders()).toEqual({ 1: 3, 2: 3, 3: 3 });
  });

  test("a member whose name does not resolve yet is found when it does, and the log says both", async () => {
    const lab = new Lab(seed, 3);
    lab.world.names.delete("zk-1");
    lab.start(3);
    lab.look(3);
    await lab.world.run(2000);
    lab.world.names.set("zk-1", ["10.0.0.1"]);
    lab.start(1);
    lab.look(1);
    await lab.decided();
    expect(lab.leaders()).toEqual({ 1: 3, 3: 3 });
    expect(lab.lines.filter((line) => /^3 member-.*zk-1/.test(line))).toEqual([
      expect.stringContaining('3 member-unresolved {"sid":1,"host":"zk-1"'),
      expect.stringContaining('3 member-resolved {"sid":1,"host":"zk-1","addresses":"10.0.0.1"'),
    ]);
  });

  test("a member that came back at another address is called there, and the log says so", async () => {
    const lab = await settledLab(3);
    lab.kill(1);
    lab.world.names.set("zk-1", ["10.0.0.77"]);
    const { net, clock, resolver } = lab.world.host("10.0.0.77").start();
    const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const moved = new ElectionPort({ net, clock, resolver, log, sid: 1, config: lab.config });
    lab.ports.set(1, moved);
    void moved.start();
    lab.look(1);
    expect(await lab.decided()).toBeLessThan(2000);
    expect(lab.leaders()[1]).toBe(3);
    const said = '3 member-address-changed {"sid":1,"host":"zk-1","before":"10.0.0.1","addresses":"10.0.0.77"}';
    expect(lab.lines).toContain(said);
  });

  test("a server whose own name does not resolve yet opens its port when it does", async () => {
    const lab = new Lab(seed, 1);
    lab.world.names.delete("zk-1");
    let isOpen = false;
    const { net, clock, resolver } = lab.host(1).start();
    const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const port = new ElectionPort({ net, clock, resolver, log, sid: 1, config: lab.config });
    void port.start().then(() => {
      isOpen = true;
    });
    await lab.world.run(10_000);
    expect(isOpen).toBe(false);
    lab.world.names.set("zk-1", ["10.0.0.1"]);
    await lab.world.run(1100);
    expect(isOpen).toBe(true);
  });

  test("a port that stays taken is given up after three tries", async () => {
    const lab = new Lab(seed, 1);
    const { net, clock, resolver } = lab.host(1).start();
    await lab.world.until(net.listen({ host: "10.0.0.1", port: PORT }, () => {}));
    const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const port = new ElectionPort({ net, clock, resolver, log, sid: 1, config: lab.config });
    await expect(lab.world.until(port.start())).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(lab.world.events.nowMs).toBe(2000);
  });

  test("a search that is stopped rejects, and another one can begin", async () => {
    const lab = new Lab(seed, 3);
    const port = lab.start(1);
    const search = port.lookForLeader({ zxid: ZERO_ZXID, peerEpoch: 0 });
    port.stopLooking();
    await expect(search).rejects.toMatchObject({ code: "STOPPED" });
    lab.start(2);
    for (const sid of [1, 2]) lab.look(sid);
    await lab.decided();
    expect(lab.leaders()).toEqual({ 1: 2, 2: 2 });
    await port.close();
    await expect(port.lookForLeader({ zxid: ZERO_ZXID, peerEpoch: 0 })).rejects.toMatchObject({ code: "STOPPED" });
  });

  test("a member knows newer members: they are handed out, and the election goes on with them", async () => {
    const lab = new Lab(seed, 3);
    const newer = lab.config.withVersion(0x100000007 as Zxid);
    const four = QuorumConfig.parse(newer.toString().replace("version", `server.4=zk-4:2888:${PORT}\nversion`));
    lab.world.names.set("zk-4", ["10.0.0.4"]);
    const { net, clock, resolver } = lab.host(1).start();
    const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const port: ElectionPort = new ElectionPort({
      net,
      clock,
      resolver,
      log,
      sid: 1,
      config: lab.config,
      onNewerConfig: (config) => port.replaceConfig(config),
    });
    lab.ports.set(1, port);
    void port.start();
    lab.look(1);
    for (const sid of [2, 4]) {
      lab.start(sid, four);
      lab.look(sid);
    }
    await lab.decided();
    expect(lab.leaders()).toEqual({ 1: 4, 2: 4, 4: 4 });
  });

  test("strangers that say nothing, say nonsense or claim to be this server do not disturb an election", async () => {
    const lab = new Lab(seed, 3);
    for (const sid of [1, 2]) lab.start(sid);
    const { net } = lab.world.host("10.0.0.66").start();
    await lab.world.run(10);
    for (let at = 0; at < 200; at++) {
      const stranger = await lab.world.until(net.connect({ host: "10.0.0.2", port: PORT }));
      if (at % 4 === 1) void stranger.send(lab.world.random.bytes(100));
      if (at % 4 === 2) void stranger.send(encodeInitialMessage(2, { host: "10.0.0.66", port: 1 }));
      if (at % 4 === 3) void stranger.send(encodeInitialMessage(1000 + at, { host: "10.0.0.66", port: 1 }));
    }
    for (const sid of [1, 2]) lab.look(sid);
    expect(await lab.decided()).toBeLessThan(300);
    expect(lab.leaders()).toEqual({ 1: 2, 2: 2 });
  });

  test("a peer that reads nothing costs one notification, the newest", async () => {
    const lab = new Lab(seed, 3);
    const port = lab.start(1);
    await lab.world.run(10);
    const { net } = lab.host(3).start();
    const deaf = await lab.world.until(net.connect({ host: "10.0.0.1", port: PORT }));
    deaf.send(encodeInitialMessage(3, { host: "10.0.0.3", port: PORT }));
    await lab.world.run(10);
    let config = lab.config;
    lab.look(1);
    for (let version = 1; version <= 3000; version++) {
      config = config.withVersion(version as Zxid);
      const names = `server.1=zk-1:2888:${PORT}\nserver.2=zk-${version}:2888:1\nserver.3=zk-3:2888:${PORT}`;
      port.replaceConfig(QuorumConfig.parse(`${names}\nversion=${version.toString(16)}`));
    }
    await lab.world.run(10);
    let heard = "";
    const reading = (async () => {
      for (let chunk = await deaf.read(); chunk !== undefined; chunk = await deaf.read())
        heard += Buffer.from(chunk).toString("latin1");
    })();
    await lab.world.run(100);
    void reading;
    expect(heard.length).toBeLessThan(200_000);
    expect(heard.endsWith("version=bb8")).toBe(true);
  });
});
