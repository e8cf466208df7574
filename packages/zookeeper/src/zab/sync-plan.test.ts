import { describe, expect, it } from "vitest";

import { CommittedLog } from "./committed-log.ts";
import { planSync } from "./sync-plan.ts";
import { txn, zxid, zxidText } from "./testing/history.ts";

/** The plan in words: `diff 2:3 [2:2 2:3] → 2:3`. */
function plan(options: {
  readonly peer: string;
  readonly last: string;
  readonly window?: readonly string[];
  readonly log?: readonly string[] | "unusable";
  readonly logReadable?: boolean;
}): string {
  const committed = new CommittedLog();
  for (const text of options.window ?? []) committed.add(txn(text));
  const { log } = options;
  const found = planSync({
    peerZxid: zxid(options.peer),
    lastProcessedZxid: zxid(options.last),
    committed,
    logReadable: options.logReadable ?? true,
    fromLog: log === undefined || log === "unusable" ? log : log.map(txn),
  });
  if (found.kind === "snap" || found.kind === "read-log") return found.kind;
  const txns = found.txns.map(({ header }) => zxidText(header.zxid)).join(" ");
  return `${found.kind} ${zxidText(found.zxid)} [${txns}] → ${zxidText(found.upTo)}`;
}

describe("a learner is brought up to date", () => {
  const window = ["1:3", "1:4", "1:5", "2:1", "2:2"];

  it("by an empty DIFF if it has what the leader has", () => {
    expect(plan({ peer: "2:2", last: "2:2", window })).toBe("diff 2:2 [] → 2:2");
    expect(plan({ peer: "0:0", last: "0:0" })).toBe("diff 0:0 [] → 0:0");
  });

  it("by a DIFF of the window if its last zxid is in there", () => {
    expect(plan({ peer: "1:4", last: "2:2", window })).toBe("diff 2:2 [1:5 2:1 2:2] → 2:2");
    expect(plan({ peer: "1:3", last: "2:2", window })).toBe("diff 2:2 [1:4 1:5 2:1 2:2] → 2:2");
  });

  it("by an empty DIFF if the leader's epoch has no transactions yet", () => {
    expect(plan({ peer: "2:2", last: "3:0", window })).toBe("diff 2:2 [] → 2:2");
  });

  it("by a TRUNC if it has more than anybody", () => {
    expect(plan({ peer: "2:5", last: "2:2", window })).toBe("trunc 2:2 [] → 2:2");
    expect(plan({ peer: "2:5", last: "3:0", window })).toBe("trunc 2:2 [] → 2:2");
  });

  it("by a TRUNC and what follows if it has something else within an epoch", () => {
    const gap = ["1:3", "1:4", "2:1"];
    expect(plan({ peer: "1:6", last: "2:1", window: gap })).toBe("snap");
    // Of its own epoch the leader knows all, so it can tell where their ways part.
    expect(plan({ peer: "0:9", last: "2:1", window: gap })).toBe("read-log");
  });

  it("never by a TRUNC into another epoch, of which the leader cannot tell what the learner has", () => {
    expect(plan({ peer: "1:9", last: "2:2", window })).toBe("snap");
    expect(plan({ peer: "1:6", last: "2:2", window })).toBe("snap");
  });

  it("by a DIFF where it came last with a new leader's zxid, which is no transaction", () => {
    expect(plan({ peer: "2:0", last: "2:2", window })).toBe("diff 2:2 [2:1 2:2] → 2:2");
    expect(plan({ peer: "3:0", last: "2:2", window })).toBe("snap");
    expect(plan({ peer: "1:0", last: "2:2", window: ["2:1", "2:2"], log: ["1:1", "1:2", "2:1"] })).toBe(
      "diff 2:2 [1:1 1:2 2:1 2:2] → 2:2",
    );
  });

  it("from the log on disk if it was away longer than the window remembers", () => {
    expect(plan({ peer: "1:1", last: "2:2", window })).toBe("read-log");
    expect(plan({ peer: "1:1", last: "2:2", window, log: ["1:1", "1:2", "1:3", "1:4"] })).toBe(
      "diff 2:2 [1:2 1:3 1:4 1:5 2:1 2:2] → 2:2",
    );
  });

  it("without what the log on disk has beyond the committed", () => {
    expect(plan({ peer: "1:1", last: "1:4", window: ["1:3", "1:4"], log: ["1:1", "1:2", "1:3", "1:4", "1:5"] })).toBe(
      "diff 1:4 [1:2 1:3 1:4] → 1:4",
    );
  });

  it("by a snapshot if the log is not to be read, is too long, begins too late or has a gap before the window", () => {
    expect(plan({ peer: "1:1", last: "2:2", window, logReadable: false })).toBe("snap");
    expect(plan({ peer: "1:1", last: "2:2", window, log: "unusable" })).toBe("snap");
    expect(plan({ peer: "1:1", last: "2:2", window, log: [] })).toBe("snap");
    expect(plan({ peer: "1:1", last: "2:2", window, log: ["1:2", "1:3"] })).toBe("snap");
    expect(plan({ peer: "1:1", last: "2:2", window, log: ["1:1", "1:2"] })).toBe("snap");
  });

  it("by a snapshot if its last zxid is not in the log, where others of its epoch are", () => {
    expect(plan({ peer: "1:2", last: "3:1", window: ["3:1"], log: ["1:1", "2:1", "3:1"] })).toBe("snap");
  });
});
