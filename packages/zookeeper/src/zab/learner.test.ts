import { describe, expect, it } from "vitest";

import type { Zxid } from "../jute/zxid.ts";
import { PacketType } from "./packet.ts";
import { encodeRevalidated } from "./payloads.ts";
import { ensemble, zxid } from "./testing/history.ts";
import { LearnerLab } from "./testing/learner-lab.ts";

describe("a learner that has found its leader", () => {
  it("says who it is, and promises a newer epoch only once that is on disk", () => {
    const lab = new LearnerLab({ accepted: 3, current: 2, history: ["2:1", "2:2"] });
    expect(lab.out()).toEqual(["FOLLOWERINFO 3:0"]);
    lab.leaderInfo(5);
    expect(lab.out()).toEqual(["write acceptedEpoch 5"]);
    expect(lab.learner.isWaiting).toBe(true);
    lab.learner.acceptedEpochPersisted(0);
    expect(lab.out()).toEqual(["ACKEPOCH 2:2"]);
    expect(new LearnerLab({ observer: true }).out()).toEqual(["OBSERVERINFO 0:0"]);
  });

  it("does not promise an epoch twice, and follows nobody of an older one", () => {
    const again = new LearnerLab({ accepted: 5, current: 4 });
    again.out();
    again.leaderInfo(5);
    const [sent] = again.learner.takeOutputs();
    expect(sent).toMatchObject({ kind: "send", data: Uint8Array.of(255, 255, 255, 255) });
    const older = new LearnerLab({ accepted: 5 });
    older.out();
    older.leaderInfo(4);
    expect(older.out()).toEqual(["leave: Leaders epoch, 4 is less than accepted epoch, 5"]);
  });

  it("leaves a leader that speaks another protocol, or out of turn", () => {
    const wrong: Record<string, (lab: LearnerLab) => void> = {
      "an old version": (lab) => lab.leaderInfo(1, 1),
      "no LEADERINFO": (lab) => lab.newLeader(1),
      "a proposal before DIFF": (lab) => (lab.accept(1), lab.propose("1:1")),
      "UPTODATE before NEWLEADER": (lab) => (
        lab.accept(1),
        lab.say(PacketType.diff, "0:0"),
        lab.say(PacketType.upToDate, -1 as Zxid)
      ),
      "another's NEWLEADER": (lab) => (lab.accept(1), lab.say(PacketType.diff, "0:0"), lab.newLeader(2)),
      "a proposal that is none": (lab) => (
        lab.accept(1),
        lab.say(PacketType.diff, "0:0"),
        lab.say(PacketType.proposal, "1:1")
      ),
      "a TRUNC to what it has not": (lab) => (lab.accept(1), lab.say(PacketType.trunc, "1:1")),
      "a configuration that is none": (lab) => {
        lab.accept(1);
        lab.say(PacketType.diff, "0:0");
        lab.say(PacketType.newLeader, "1:0", new TextEncoder().encode("server.1=?\n"));
      },
    };
    for (const [name, misbehave] of Object.entries(wrong)) {
      const lab = new LearnerLab({});
      lab.out();
      misbehave(lab);
      expect(lab.out().at(-1), name).toMatch(/^leave: /);
      expect(lab.learner.phase).toBe("left");
    }
  });
});

describe("synchronisation", () => {
  it("by DIFF: what is committed is on disk before the epoch is, and the epoch before NEWLEADER is acknowledged", () => {
    const lab = new LearnerLab({ accepted: 1, history: ["1:1"] });
    lab.accept(2);
    lab.say(PacketType.diff, "1:3");
    lab.propose("1:2", "1:3");
    lab.commit("1:2", "1:3");
    expect(lab.out()).toEqual([]);
    lab.newLeader(2);
    expect(lab.out()).toEqual(["append-and-apply 1:2", "append-and-apply 1:3", "make-durable"]);
    expect(lab.learner.isWaiting).toBe(true);
    lab.learner.durable(0);
    expect(lab.out()).toEqual(["write currentEpoch 2"]);
    expect(lab.learner.isWaiting).toBe(true);
    lab.learner.currentEpochPersisted(0);
    expect(lab.out()).toEqual(["ACK 2:0"]);
    lab.say(PacketType.upToDate, -1 as Zxid);
    expect(lab.out()).toEqual(["ACK 2:0", "up in 2"]);
    expect(lab.committed.max).toBe(zxid("1:3"));
  });

  it("keeps what is proposed and not committed before NEWLEADER, and logs and acknowledges it once it is up", () => {
    const lab = new LearnerLab({ accepted: 1, history: ["1:1"] });
    lab.accept(2);
    lab.say(PacketType.diff, "1:1");
    lab.propose("2:1", "2:2", "2:3");
    lab.commit("2:1");
    lab.newLeader(2);
    expect(lab.out()).toEqual(["append-and-apply 2:1", "make-durable"]);
    expect(lab.learner.outstanding()).toEqual([]); // not in the log
    lab.learner.durable(0);
    lab.learner.currentEpochPersisted(0);
    lab.commit("2:2"); // right behind the ACK of NEWLEADER
    lab.propose("2:4");
    lab.out();
    lab.say(PacketType.upToDate, -1 as Zxid);
    expect(lab.out()).toEqual(["ACK 2:0", "up in 2", "append 2:2", "append 2:3", "append 2:4", "commit 2:2"]);
    lab.learner.logged(zxid("2:3"));
    expect(lab.out()).toEqual(["ACK 2:2", "ACK 2:3"]);
    lab.commit("2:3");
    expect(lab.out()).toEqual(["commit 2:3"]);
    expect(lab.learner.outstanding().map(({ header }) => header.zxid)).toEqual([zxid("2:4")]);
  });

  it("by SNAP: into another tree, which with what is committed is the server's only when it is on disk", () => {
    const lab = new LearnerLab({ accepted: 1, history: ["1:1"] });
    lab.accept(2);
    lab.say(PacketType.snap, "2:5");
    expect(lab.out()).toEqual(["receive-snapshot 2:5"]);
    expect(lab.learner.isWaiting).toBe(true);
    lab.learner.snapshotReceived(0);
    lab.propose("2:4", "2:5"); // the leader took the snapshot after it had queued them
    lab.commit("2:4", "2:5");
    lab.propose("2:6", "2:7");
    lab.commit("2:6");
    expect(lab.out()).toEqual(["apply 2:6"]);
    expect(lab.committed.max).toBe(zxid("1:1")); // of the tree that is still the server's
    lab.newLeader(2);
    expect(lab.out()).toEqual(["make-durable"]);
    lab.learner.durable(0);
    expect(lab.committed.size).toBe(0);
    expect(lab.out()).toEqual(["write currentEpoch 2"]);
    lab.learner.currentEpochPersisted(0);
    lab.say(PacketType.upToDate, -1 as Zxid);
    expect(lab.out()).toEqual(["ACK 2:0", "ACK 2:0", "up in 2", "append 2:7"]);
  });

  it("by TRUNC: nothing goes on before the log is cut", () => {
    const lab = new LearnerLab({ accepted: 1, history: ["1:1", "1:2", "1:3"] });
    lab.accept(2);
    lab.say(PacketType.trunc, "1:2");
    expect(lab.out()).toEqual(["truncate 1:2"]);
    expect(lab.learner.isWaiting).toBe(true);
    expect(() => lab.propose("2:1")).toThrow("before its turn");
    lab.learner.truncated(0);
    expect(lab.committed.max).toBe(zxid("1:2"));
    lab.propose("2:1");
    lab.commit("2:1");
    lab.newLeader(2);
    expect(lab.out()).toEqual(["append-and-apply 2:1", "make-durable"]);
  });

  it("refuses proposals that skip a zxid, and commits that match none", () => {
    const skips = new LearnerLab({ accepted: 1, history: ["1:1"] });
    skips.accept(2);
    skips.say(PacketType.diff, "1:3");
    skips.propose("1:3");
    expect(skips.out()).toEqual(["leave: got proposal 0x100000003, last queued 0x100000001, expected 0x100000002"]);

    const unmatched = new LearnerLab({ accepted: 1, history: ["1:1"] });
    unmatched.accept(2);
    unmatched.say(PacketType.diff, "1:3");
    unmatched.propose("1:2");
    unmatched.commit("1:3");
    expect(unmatched.out()).toEqual(["leave: Committing zxid 0x100000003 but next pending txn 0x100000002"]);
  });

  it("of an observer: informs are committed too, and old proposals that an old leader sends it are forgotten", () => {
    const lab = new LearnerLab({ accepted: 1, history: ["1:1"], observer: true });
    lab.accept(2);
    lab.say(PacketType.diff, "1:1");
    lab.inform("2:1");
    lab.newLeader(2);
    expect(lab.out()).toEqual(["append-and-apply 2:1", "make-durable"]);
    lab.learner.durable(0);
    lab.learner.currentEpochPersisted(0);
    lab.inform("2:2");
    lab.propose("2:3");
    lab.out();
    lab.say(PacketType.upToDate, -1 as Zxid);
    expect(lab.out()).toEqual(["ACK 2:0", "up in 2", "append 2:2", "commit 2:2"]);
    lab.learner.logged(zxid("2:2"));
    lab.inform("2:3");
    expect(lab.out()).toEqual(["append 2:3", "commit 2:3"]); // and acknowledges nothing
  });

  it("has a deadline that counts the leader's silence, not its own disk's", () => {
    const lab = new LearnerLab({});
    expect(lab.learner.deadlineMs()).toBe(1000);
    lab.leaderInfo(1);
    expect(lab.learner.deadlineMs()).toBeUndefined();
    lab.learner.acceptedEpochPersisted(700);
    expect(lab.learner.deadlineMs()).toBe(1700);
    lab.learner.heard(800);
    lab.nowMs = 900;
    lab.say(PacketType.diff, "0:0");
    lab.newLeader(1);
    lab.learner.durable(1000);
    lab.learner.currentEpochPersisted(1100);
    expect(lab.learner.deadlineMs()).toBe(1600); // syncLimit from now on
    lab.learner.tick(1599);
    lab.out();
    lab.learner.tick(1600);
    expect(lab.out()).toEqual(["leave: the leader is silent"]);
  });
});

describe("broadcast", () => {
  it("acknowledges proposals when they are on disk, and commits them when the leader says so", () => {
    const lab = new LearnerLab({});
    lab.follow(1);
    lab.propose("1:1", "1:2", "1:3");
    expect(lab.out()).toEqual(["append 1:1", "append 1:2", "append 1:3"]);
    lab.commit("1:1"); // a quorum without it
    expect(lab.out()).toEqual(["commit 1:1"]);
    lab.learner.logged(zxid("1:2"));
    expect(lab.out()).toEqual(["ACK 1:1", "ACK 1:2"]);
    lab.learner.logged(zxid("1:2"));
    expect(lab.out()).toEqual([]);
    lab.commit("1:1", "1:2");
    expect(lab.out()).toEqual(["commit 1:2"]);
  });

  it("never acknowledges what becomes durable after it left", () => {
    const lab = new LearnerLab({});
    lab.follow(1);
    lab.propose("1:1");
    lab.commit("1:9");
    expect(lab.out().at(-1)).toBe("leave: Committing zxid 0x100000009 but next pending txn 0x100000001");
    lab.learner.logged(zxid("1:1"));
    lab.propose("1:2");
    expect(lab.out()).toEqual([]);
    expect(lab.learner.outstanding()).toHaveLength(1); // it is in the log all the same
  });

  it("refuses a proposal that skips a zxid, and commits without one", () => {
    const skips = new LearnerLab({});
    skips.follow(1);
    skips.propose("1:1", "1:3");
    expect(skips.out().at(-1)).toMatch(/^leave: got proposal 0x100000003/);
    const nothing = new LearnerLab({});
    nothing.follow(1);
    nothing.commit("1:1");
    expect(nothing.out()).toEqual(["leave: Committing zxid 0x100000001 but there is none pending"]);
  });

  it("hands on what the leader answers", () => {
    const lab = new LearnerLab({});
    lab.follow(1);
    lab.say(PacketType.ping, "1:0");
    lab.say(PacketType.sync, "0:0");
    lab.say(PacketType.revalidate, "0:0", encodeRevalidated(7n, false));
    lab.say(99, "0:0");
    expect(lab.out()).toEqual(["pinged 1:0", "synced", "session 7 is gone"]);
  });

  it("of an observer that keeps no log: commits alone", () => {
    const lab = new LearnerLab({ observer: true, logs: false });
    lab.follow(1);
    lab.propose("1:1");
    lab.inform("1:1", "1:1", "1:2");
    lab.commit("1:2");
    expect(lab.out()).toEqual(["commit 1:1", "commit 1:2"]);
    lab.inform("1:4");
    expect(lab.out()).toEqual(["leave: got proposal 0x100000004, last queued 0x100000002, expected 0x100000003"]);
  });
});

describe("reconfiguration", () => {
  const config = ensemble([1, 2, 3], "0:1");

  it("is seen when it is proposed and in force when it is committed; whose place is the same stays", () => {
    const lab = new LearnerLab({ reconfigEnabled: true, config });
    lab.follow(1);
    lab.reconfigure("1:1", ensemble([1, 2, 3, 4], "1:1"));
    expect(lab.out()).toEqual(["config 1:1 seen", "append 1:1"]);
    lab.activate("1:1", 3);
    expect(lab.out()).toEqual(["commit 1:1", "config 1:1 active"]);
    expect(lab.membership.current.version).toBe(zxid("1:1"));
  });

  it("makes it leave when the leader or its own role becomes another, after it is applied", () => {
    for (const [next, leader] of [
      [ensemble([1, 2], "1:1"), 2],
      [ensemble([2, 3], "1:1", [1]), 3],
    ] as const) {
      const lab = new LearnerLab({ reconfigEnabled: true, config });
      lab.follow(1);
      lab.reconfigure("1:1", next);
      lab.out();
      lab.activate("1:1", leader);
      expect(lab.out()).toEqual(["commit 1:1", "config 1:1 active", "leave: changes proposed in reconfig"]);
    }
  });

  it("makes an observer a voter", () => {
    const lab = new LearnerLab({ reconfigEnabled: true, config: ensemble([2, 3], "0:1", [1]), observer: true });
    lab.follow(1);
    lab.informAndActivate("1:1", config.withVersion(zxid("1:1")), 3);
    expect(lab.out()).toEqual([
      "config 1:1 seen",
      "append 1:1",
      "commit 1:1",
      "config 1:1 active",
      "leave: changes proposed in reconfig",
    ]);
    expect(lab.membership.isObserver).toBe(false);
  });

  it("comes with NEWLEADER where it was completed or numbered while this server was away", () => {
    const lab = new LearnerLab({ reconfigEnabled: true });
    lab.accept(1);
    lab.say(PacketType.diff, "0:0");
    lab.newLeader(1, ensemble([1, 2, 3], "1:0"));
    expect(lab.out()).toEqual(["config 1:0 seen", "make-durable"]);
    lab.finish();
    expect(lab.out()).toEqual(["write currentEpoch 1", "ACK 1:0", "config 1:0 active", "ACK 1:0", "up in 1"]);
  });

  it("means nothing where it is not enabled", () => {
    const lab = new LearnerLab({ config });
    lab.follow(1);
    lab.reconfigure("1:1", ensemble([1, 2], "1:1"));
    lab.activate("1:1", 2);
    expect(lab.out()).toEqual(["append 1:1", "commit 1:1"]);
  });
});
