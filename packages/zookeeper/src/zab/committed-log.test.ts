import { describe, expect, it } from "vitest";

import { CommittedLog } from "./committed-log.ts";
import { txn, zxid, zxidText } from "./testing/history.ts";

const texts = (log: CommittedLog): string[] => [...log].map(({ header }) => zxidText(header.zxid));

describe("the committed log", () => {
  it("keeps as many as it is told, the newest ones", () => {
    const log = new CommittedLog(3);
    expect([log.size, log.min, log.max]).toEqual([0, 0, 0]);
    for (const text of ["1:1", "1:2", "1:3", "1:4", "2:1"]) log.add(txn(text));
    expect(texts(log)).toEqual(["1:3", "1:4", "2:1"]);
    expect([zxidText(log.min), zxidText(log.max)]).toEqual(["1:3", "2:1"]);
  });

  it("leaves out what it has already, and refuses a gap within an epoch", () => {
    const log = new CommittedLog(3);
    log.add(txn("1:1"));
    log.add(txn("1:2"));
    log.add(txn("1:1"));
    expect(texts(log)).toEqual(["1:1", "1:2"]);
    expect(() => log.add(txn("1:4"))).toThrow("transactions are missing");
  });

  it("forgets what a truncate took from the tree, and goes on from there", () => {
    const log = new CommittedLog(3);
    for (const text of ["1:1", "1:2", "1:3", "1:4"]) log.add(txn(text));
    log.cutAfter(zxid("1:3"));
    expect(texts(log)).toEqual(["1:2", "1:3"]);
    log.add(txn("2:1"));
    log.add(txn("2:2"));
    expect(texts(log)).toEqual(["1:3", "2:1", "2:2"]);
    log.cutAfter(zxid("0:0"));
    expect(log.size).toBe(0);
  });
});
