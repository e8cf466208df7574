import { describe, expect, it } from "vitest";

import { JuteWriter } from "../jute/jute-writer.ts";
import { ZXID_COUNTER_MAX } from "../jute/zxid.ts";
import { PacketType } from "./packet.ts";
import { encodeLearnerInfo, encodeRequest, encodeRevalidation, encodeTouches } from "./payloads.ts";
import { ensemble, zxid } from "./testing/history.ts";
import { LeaderLab } from "./testing/leader-lab.ts";

describe("a new leader", () => {
  it("chooses an epoch above every one that a quorum has accepted, and tells it only once it is on its own disk", () => {
    const lab = new LeaderLab({ accepted: 4 });
    expect(lab.out()).toEqual([]);
    lab.connect(1);
    lab.info(1, 1, 6);
    expect(lab.out()).toEqual(["write acceptedEpoch 7"]);
    lab.connect(2);
    lab.info(2, 2, 7); // too late to count: the epoch is chosen
    expect(lab.out()).toEqual([]);
    lab.leader.acceptedEpochPersisted(0);
    expect(lab.out()).toEqual(["LEADERINFO 7:0 → 1", "LEADERINFO 7:0 → 2"]);
  });

  it("writes its currentEpoch when a quorum has promised, and leads when that and a quorum's histories are on disk", () => {
    const lab = new LeaderLab({ accepted: 1, history: ["1:1", "1:2"] });
    lab.connect(1);
    lab.info(1, 1, 1);
    lab.leader.acceptedEpochPersisted(0);
    lab.out();
    lab.ackEpoch(1, 1, "1:1");
    expect(lab.out()).toEqual([
      "write currentEpoch 2",
      "DIFF 1:2 → 1",
      "PROPOSAL 1:2 → 1",
      "COMMIT 1:2 → 1",
      "NEWLEADER 2:0 → 1",
    ]);
    lab.ack(1, "2:0");
    expect(lab.out()).toEqual([]);
    lab.leader.currentEpochPersisted(0);
    expect(lab.out()).toEqual(["lead from 2:0 with [1, 3]", "UPTODATE -1 → 1"]);
    expect(lab.leader.nextZxid()).toBe(zxid("2:1"));
  });

  it("does not lead by its own promise and observers'", () => {
    const lab = new LeaderLab({ config: ensemble([1, 2, 3], "0:0", [4, 5]) });
    for (const sid of [4, 5]) {
      lab.connect(sid);
      lab.info(sid, sid, 0, "0:0", PacketType.observerInfo);
    }
    expect(lab.out()).toEqual([]);
  });

  it("refuses a learner with a newer history, and one with a newer configuration", () => {
    const lab = new LeaderLab({ accepted: 3, current: 2, last: "2:5" });
    lab.connect(1);
    lab.info(1, 1, 3);
    lab.leader.acceptedEpochPersisted(0);
    lab.out();
    lab.ackEpoch(1, 2, "2:6");
    expect(lab.out()[0]).toContain("close 1: Follower is ahead of the leader");
    lab.connect(2);
    lab.info(2, 2, 3);
    lab.ackEpoch(2, 3, "2:1");
    expect(lab.out()[1]).toContain("close 2: Follower is ahead of the leader");
    lab.connect(5);
    lab.info(5, 2, 3, "1:1");
    expect(lab.out()[0]).toContain("has a later activated configuration");
  });

  it("does not count the promise of who had accepted the epoch before, and asks for another epoch when that is all it gets", () => {
    const lab = new LeaderLab({});
    lab.connect(1);
    lab.info(1, 1, 0);
    lab.leader.acceptedEpochPersisted(0);
    lab.out();
    lab.ackEpoch(1, -1, "0:0");
    expect(lab.out()).toEqual(["stop: a quorum has answered, and had accepted epoch 1 before"]);
  });

  it("gives up when no quorum comes, promises or synchronises in time", () => {
    const waiting = new LeaderLab({});
    waiting.leader.tick(999);
    expect(waiting.out()).toEqual([]);
    waiting.leader.tick(1000);
    expect(waiting.out()).toEqual(["stop: Timeout while waiting for epoch from quorum"]);

    const promised = new LeaderLab({});
    promised.connect(1);
    promised.info(1, 1, 0);
    promised.leader.acceptedEpochPersisted(0);
    promised.out();
    promised.leader.tick(1000);
    expect(promised.out().at(-1)).toBe("stop: Timeout while waiting for epoch to be acked by quorum");

    const synchronizing = new LeaderLab({});
    synchronizing.connect(1);
    synchronizing.info(1, 1, 0);
    synchronizing.leader.acceptedEpochPersisted(0);
    synchronizing.ackEpoch(1, 0, "0:0");
    synchronizing.leader.currentEpochPersisted(0);
    synchronizing.out();
    synchronizing.leader.tick(1000);
    expect(synchronizing.out().at(-1)).toBe("stop: Waiting for a quorum of followers, only synced with sids: [ [3] ]");
  });

  it("closes the connection of whoever does not speak the protocol, and keeps the others", () => {
    const lab = new LeaderLab({});
    lab.establish();
    const wrong: [number, () => void][] = [
      [10, () => lab.say(10, PacketType.ping)],
      [11, () => lab.say(11, PacketType.followerInfo)],
      [
        12,
        () =>
          lab.say(
            12,
            PacketType.followerInfo,
            encodeLearnerInfo({ sid: 9, protocolVersion: 1, configVersion: zxid("0:0") }),
          ),
      ],
      [13, () => lab.info(13, 3, 0)], // this server's own id
      [14, () => (lab.info(14, 9, 0), lab.ack(14, "1:0"))],
      [15, () => (lab.info(15, 9, 0), lab.ackEpoch(15, 0, "0:0"), lab.say(15, PacketType.ping))],
      [16, () => (lab.join(16, 9, "1:0"), lab.ack(16, "1:7"))], // acknowledges what was not proposed
      [17, () => (lab.join(17, 9, "1:0"), lab.say(17, PacketType.request, Uint8Array.of(1, 2)))],
      [18, () => (lab.join(18, 9, "1:0"), lab.say(18, PacketType.revalidate, null))],
    ];
    for (const [id, misbehave] of wrong) {
      lab.connect(id);
      lab.out();
      misbehave();
      expect(
        lab.out().some((line) => line.startsWith(`close ${id}:`)),
        String(id),
      ).toBe(true);
    }
    expect(lab.leader.phase).toBe("broadcast");
    expect([...lab.leader.learners()].map(({ id }) => id)).toEqual([1]);
  });

  it("looks for a later epoch when a voter has promised one, which could never follow it", () => {
    const lab = new LeaderLab({});
    lab.establish();
    lab.connect(2);
    lab.info(2, 9, 5); // in no list
    expect(lab.out()).toEqual(["LEADERINFO 1:0 → 2"]);
    lab.connect(3);
    lab.info(3, 2, 2);
    expect(lab.out()).toEqual(["stop: server 2 has promised epoch 2, which is later than 1"]);
  });

  it("gives a learner that connects again the place of its former connection, and goes on", () => {
    const lab = new LeaderLab({});
    lab.establish();
    lab.join(9, 1, "1:0");
    expect(lab.out()[0]).toBe("close 1: the learner has connected again");
    expect(lab.leader.phase).toBe("broadcast");
  });
});

describe("synchronisation", () => {
  it("sends what is outstanding after what is committed, then NEWLEADER, and all that is proposed from then on", () => {
    const lab = new LeaderLab({ accepted: 1, history: ["1:1", "1:2"] });
    lab.establish("1:2");
    lab.propose("2:1");
    lab.propose("2:2");
    lab.leader.logged(zxid("2:2"));
    lab.ack(1, "2:1");
    lab.out();
    lab.connect(2);
    lab.info(2, 2, 1);
    lab.ackEpoch(2, 1, "1:1");
    lab.propose("2:3");
    expect(lab.out()).toEqual([
      "LEADERINFO 2:0 → 2",
      "DIFF 2:1 → 2",
      "PROPOSAL 1:2 → 2",
      "COMMIT 1:2 → 2",
      "PROPOSAL 2:1 → 2",
      "COMMIT 2:1 → 2",
      "PROPOSAL 2:2 → 2",
      "NEWLEADER 2:0 → 2",
      "append 2:3",
      "PROPOSAL 2:3 → 1,2",
    ]);
    lab.ack(2, "2:0");
    expect(lab.out()).toEqual(["UPTODATE -1 → 2"]);
  });

  it("does not send outstanding proposals to an observer, but the transactions when they are committed", () => {
    const lab = new LeaderLab({ config: ensemble([1, 2, 3], "0:0", [4]) });
    lab.establish();
    lab.propose("1:1");
    lab.out();
    lab.join(4, 4, "1:0", { observer: true });
    expect(lab.out()).toEqual(["LEADERINFO 1:0 → 4", "DIFF 1:0 → 4", "NEWLEADER 1:0 → 4", "UPTODATE -1 → 4"]);
    lab.leader.logged(zxid("1:1"));
    lab.ack(1, "1:1");
    expect(lab.out()).toEqual(["COMMIT 1:1 → 1", "INFORM 1:1 → 4", "commit 1:1"]);
  });

  it("reads the log on disk for a learner that was away for long, and sends a snapshot if that does not tell", () => {
    const lab = new LeaderLab({ accepted: 1, history: ["1:8", "1:9"] });
    lab.establish("1:9");
    lab.connect(2);
    lab.info(2, 2, 1);
    lab.ackEpoch(2, 1, "1:5");
    expect(lab.out()).toEqual(["LEADERINFO 2:0 → 2", "read log from 1:5 for 2"]);
    lab.leader.logRead(2, undefined, 0);
    lab.leader.logRead(2, undefined, 0); // only once
    expect(lab.out()).toEqual(["snapshot 2:0 → 2", "NEWLEADER 2:0 → 2"]);
  });
});

describe("broadcast", () => {
  it("commits when a quorum has it on disk, whoever that is, in order, and tells followers before it applies", () => {
    const lab = new LeaderLab({});
    lab.establish();
    lab.join(2, 2, "1:0");
    lab.out();
    for (const text of ["1:1", "1:2", "1:3"]) lab.propose(text);
    expect(lab.out()).toEqual([
      "append 1:1",
      "PROPOSAL 1:1 → 1,2",
      "append 1:2",
      "PROPOSAL 1:2 → 1,2",
      "append 1:3",
      "PROPOSAL 1:3 → 1,2",
    ]);
    lab.ack(1, "1:1");
    lab.ack(1, "1:2");
    expect(lab.out()).toEqual([]);
    lab.ack(2, "1:1"); // without this server's own disk
    expect(lab.out()).toEqual(["COMMIT 1:1 → 1,2", "commit 1:1"]);
    lab.leader.logged(zxid("1:3"));
    expect(lab.out()).toEqual(["COMMIT 1:2 → 1,2", "commit 1:2"]);
    lab.ack(2, "1:2");
    lab.ack(2, "1:3");
    expect(lab.out()).toEqual(["COMMIT 1:3 → 1,2", "commit 1:3"]);
    expect(lab.leader.outstandingCount).toBe(0);
  });

  it("does not count an observer's acknowledgements, nor those of a server in no list", () => {
    const lab = new LeaderLab({ config: ensemble([1, 2, 3], "0:0", [4]) });
    lab.establish();
    lab.join(4, 4, "1:0", { observer: true });
    lab.join(9, 9, "1:0");
    lab.propose("1:1");
    lab.leader.logged(zxid("1:1"));
    lab.out();
    lab.ack(9, "1:1");
    lab.ack(4, "1:1");
    expect(lab.out()).toEqual([]);
    lab.ack(1, "1:1");
    expect(lab.out().at(-1)).toBe("commit 1:1");
  });

  it("does not count what a learner acknowledged before it connected again", () => {
    const lab = new LeaderLab({ config: ensemble([1, 2, 3, 4, 5]), sid: 5 });
    lab.connect(1);
    lab.info(1, 1, 0);
    lab.connect(2);
    lab.info(2, 2, 0);
    lab.leader.acceptedEpochPersisted(0);
    for (const id of [1, 2]) lab.ackEpoch(id, 0, "0:0");
    for (const id of [1, 2]) lab.ack(id, "1:0");
    lab.leader.currentEpochPersisted(0);
    lab.join(3, 3, "1:0");
    lab.propose("1:1");
    lab.ack(1, "1:1");
    lab.leader.logged(zxid("1:1"));
    lab.leader.closed(1);
    lab.out();
    lab.join(11, 1, "1:0");
    lab.ack(2, "1:1");
    expect(lab.out().filter((line) => line.startsWith("commit"))).toEqual([]);
    lab.ack(11, "1:1");
    expect(lab.out().at(-1)).toBe("commit 1:1");
  });

  it("answers a sync when all that was proposed before it is applied", () => {
    const lab = new LeaderLab({});
    lab.establish();
    lab.leader.sync(undefined, "a");
    expect(lab.out()).toEqual(["synced a"]);
    lab.propose("1:1");
    lab.leader.sync(undefined, "b");
    lab.leader.sync(1);
    lab.propose("1:2");
    lab.leader.sync(undefined, "c");
    lab.leader.logged(zxid("1:2"));
    lab.out();
    lab.ack(1, "1:1");
    expect(lab.out()).toEqual(["COMMIT 1:1 → 1", "commit 1:1", "synced b", "SYNC 0:0 → 1"]);
    lab.ack(1, "1:2");
    expect(lab.out()).toEqual(["COMMIT 1:2 → 1", "commit 1:2", "synced c"]);
  });

  it("hands on requests, touched sessions and revalidations", () => {
    const lab = new LeaderLab({});
    lab.establish();
    lab.say(
      1,
      PacketType.request,
      encodeRequest({ sessionId: 7n, cxid: 1, type: 5, record: new JuteWriter().written() }),
    );
    lab.say(
      1,
      PacketType.ping,
      encodeTouches(
        new Map([
          [7n, 1000],
          [-8n, 2000],
        ]),
      ),
    );
    lab.say(1, PacketType.revalidate, encodeRevalidation(7n, 1000));
    lab.leader.revalidated(1, 7n, true);
    expect(lab.out()).toEqual([
      "request of 1: type 5",
      "touch 7 1000",
      "touch -8 2000",
      "revalidate 7 for 1",
      "REVALIDATE -1 → 1",
    ]);
  });

  it("pings every half tick, and steps down at once when it loses its quorum", () => {
    const lab = new LeaderLab({});
    lab.establish();
    lab.leader.tick(50);
    expect(lab.out()).toEqual(["PING 1:0 → 1"]);
    lab.leader.closed(1);
    expect(lab.out()).toEqual(["stop: Not sufficient followers synced, only synced with sids: [ [3] ]"]);
    expect(lab.leader.nextZxid()).toBeUndefined();
  });

  it("drops a learner that is silent for syncLimit, and one that does not acknowledge proposals in time", () => {
    const silent = new LeaderLab({});
    silent.establish();
    silent.join(2, 2, "1:0");
    silent.nowMs = 400;
    silent.say(1, PacketType.ping);
    silent.leader.tick(499);
    expect(silent.out().filter((line) => line.startsWith("close"))).toEqual([]);
    silent.leader.tick(500);
    expect(silent.out()[0]).toContain("close 2: nothing was heard of it for 500 ms");

    const slow = new LeaderLab({});
    slow.establish();
    slow.join(2, 2, "1:0");
    slow.propose("1:1");
    slow.nowMs = 400;
    for (const id of [1, 2]) slow.say(id, PacketType.ping);
    slow.ack(1, "1:1");
    slow.out();
    slow.leader.tick(500);
    expect(slow.out()).toContain("close 2: it does not acknowledge proposals in time");
  });

  it("forces another election before the counter of its zxids ends", () => {
    const lab = new LeaderLab({ more: { initialCounter: ZXID_COUNTER_MAX - 2 } });
    lab.establish();
    const last = lab.leader.nextZxid();
    expect(last).toBe(zxid(`1:${ZXID_COUNTER_MAX - 1}`));
    lab.propose(`1:${ZXID_COUNTER_MAX - 1}`);
    expect(lab.leader.nextZxid()).toBeUndefined();
    expect(lab.out().at(-1)).toContain("stop: zxid lower 32 bits have rolled over, forcing re-election");
  });
});

describe("reconfiguration", () => {
  it("numbers a configuration that nobody has numbered, where reconfiguration is allowed", () => {
    const lab = new LeaderLab({ reconfigEnabled: true });
    lab.connect(1);
    lab.info(1, 1, 0);
    lab.leader.acceptedEpochPersisted(0);
    expect(lab.out()).toContain("config 1:0 seen");
    lab.ackEpoch(1, 0, "0:0");
    lab.ack(1, "1:0");
    lab.out();
    lab.leader.currentEpochPersisted(0);
    expect(lab.out()[0]).toBe("config 1:0 active");
    expect(lab.membership.current.version).toBe(zxid("1:0"));
  });

  it("needs a quorum of the old and of the new configuration, for it and all that is proposed until it is in force", () => {
    const lab = new LeaderLab({ reconfigEnabled: true, config: ensemble([1, 2, 3], "0:1") });
    lab.establish();
    for (const sid of [4, 5]) lab.join(sid, sid, "1:0");
    lab.reconfigure("1:1", ensemble([3, 4, 5], "1:1"));
    lab.propose("1:2");
    lab.leader.logged(zxid("1:2"));
    lab.out();
    lab.ack(4, "1:1");
    lab.ack(4, "1:2");
    expect(lab.out()).toEqual([]); // a quorum of the new one alone
    lab.ack(1, "1:1");
    expect(lab.out()).toEqual(["config 1:1 active", "COMMITANDACTIVATE 1:1 → 1,4,5", "commit 1:1"]);
    lab.ack(1, "1:2");
    expect(lab.out()).toEqual(["COMMIT 1:2 → 1,4,5", "commit 1:2"]);
    lab.propose("1:3");
    lab.leader.logged(zxid("1:3"));
    lab.ack(5, "1:3");
    expect(lab.out().at(-1)).toBe("commit 1:3"); // the new one alone
  });

  it("commits nothing after one that takes the lead from it, and names the voter that has most", () => {
    const lab = new LeaderLab({ reconfigEnabled: true, config: ensemble([1, 2, 3], "0:1") });
    lab.establish();
    lab.join(2, 2, "1:0");
    lab.out();
    lab.reconfigure("1:1", ensemble([1, 2], "1:1"));
    lab.propose("1:2");
    lab.leader.logged(zxid("1:2"));
    lab.ack(2, "1:1");
    lab.ack(2, "1:2");
    lab.ack(1, "1:1");
    expect(lab.out().slice(-3)).toEqual(["config 1:1 active", "COMMITANDACTIVATE 1:1 → 1,2", "commit 1:1"]);
    lab.ack(1, "1:2");
    expect(lab.out()).toEqual([]);
    expect(lab.leader.outstanding()).toHaveLength(1);
  });

  it("knows whether a quorum of another configuration is synchronised", () => {
    const lab = new LeaderLab({ reconfigEnabled: true });
    lab.establish();
    expect(lab.leader.isQuorumSynced(ensemble([3, 4, 5]))).toBe(false);
    lab.join(4, 4, "1:0");
    expect(lab.leader.isQuorumSynced(ensemble([3, 4, 5]))).toBe(true);
  });
});
