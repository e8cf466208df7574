import { describe, expect, test } from "vitest";

import { ErrorCode } from "../jute/error-code.ts";
import { sessionHex } from "../jute/zxid.ts";
import { ExpiryQueue } from "./expiry-queue.ts";
import { LeaderSessions } from "./leader-sessions.ts";
import { LearnerSessions } from "./learner-sessions.ts";
import { LocalSessions } from "./local-sessions.ts";
import { SessionIds } from "./session-ids.ts";
import { isSessionPassword, sessionPassword } from "./session-password.ts";
import { SessionTracker } from "./session-tracker.ts";
import { negotiateTimeout } from "./timeout.ts";

const TICK_MS = 2000;

describe("passwords", () => {
  // Recorded from java.util.Random(id ^ 0xB3415C00).nextBytes.
  test.each([
    [1n, "054cc74a37327db215e702e20c73f005"],
    [72_058_481_946_853_376n, "b32ddbe5c478faf0494fd697ada0692c"],
    [-5n, "d47144b5e45e45c49c3b7fdcd66257ba"],
    [-72_057_594_037_600_256n, "d1aa2cf08ab2bde797cc6505e30efee4"],
    [9_223_372_036_854_775_807n, "20f62cb5648dc2d771471c8a2486a9ee"],
    [3_007_405_056n, "60b420bb3851d9d47acb933dbe70399b"],
  ])("of session %s", (id, hex) => {
    expect(Buffer.from(sessionPassword(id)).toString("hex")).toBe(hex);
    expect(isSessionPassword(id, Buffer.from(hex, "hex"))).toBe(true);
  });

  test("one wrong byte, another length and no session are refused", () => {
    const password = sessionPassword(5n);
    for (let at = 0; at < 16; at++) {
      const wrong = password.slice();
      wrong[at] = (wrong[at] ?? 0) ^ 1;
      expect(isSessionPassword(5n, wrong)).toBe(false);
    }
    expect(isSessionPassword(5n, password.slice(1))).toBe(false);
    expect(isSessionPassword(5n, new Uint8Array(16))).toBe(false);
    expect(isSessionPassword(0n, sessionPassword(0n))).toBe(false);
  });
});

describe("ids", () => {
  test("begin with the server's id and its time, and count up", () => {
    const ids = new SessionIds(1, 0x12_3456_789a);
    expect([ids.next(), ids.next()].map(sessionHex)).toEqual(["1123456789a0000", "1123456789a0001"]);
    expect(sessionHex(new SessionIds(255, 5).next())).toBe("ff00000000050000");
    expect(new SessionIds(200, 0).next()).toBeLessThan(0n);
  });

  test("are never the owner of containers", () => {
    expect(sessionHex(new SessionIds(128, 0).next())).toBe("8000000000000001");
  });
});

describe("the expiry queue", () => {
  test("rounds up to the next whole interval", () => {
    const queue = new ExpiryQueue<string>(TICK_MS, 500);
    queue.update("a", 6000, 500);
    queue.update("b", 4000, 0);
    expect(queue.nextDeadlineMs).toBe(2000);
    expect(queue.buckets()).toEqual([
      { deadlineMs: 6000, elements: ["b"] },
      { deadlineMs: 8000, elements: ["a"] },
    ]);
    expect(queue.poll(5999)).toEqual([]);
    expect(queue.poll(6000)).toEqual(["b"]);
    expect(queue.nextDeadlineMs).toBe(8000);
    expect(queue.poll(20_000)).toEqual(["a"]);
  });

  test("a touch moves an element, and nothing empty is kept", () => {
    const queue = new ExpiryQueue<string>(TICK_MS, 0);
    for (let now = 0; now < 100_000; now += 700) queue.update("a", 6000, now);
    expect(queue.buckets()).toHaveLength(1);
    queue.remove("a");
    expect([queue.buckets().length, queue.size]).toEqual([0, 0]);
    expect(queue.poll(1_000_000)).toEqual([]);
  });
});

describe("the tracker", () => {
  test("a session that is not touched expires once, and takes no request any more", () => {
    const tracker = new SessionTracker(TICK_MS, 0, [
      [1n, 4000],
      [2n, 4000],
    ]);
    expect(tracker.touch(2n, 4000, 3000)).toBe(true);
    expect(tracker.expired(5999)).toEqual([]);
    expect(tracker.expired(6000)).toEqual([1n]);
    expect(tracker.expired(7999)).toEqual([]);
    expect(tracker.touch(1n, 4000, 6000)).toBe(false);
    expect(tracker.checkSession(1n, "x")).toBe(ErrorCode.sessionExpired);
    expect(tracker.has(1n)).toBe(true);
    tracker.remove(1n);
    expect(tracker.checkSession(1n, "x")).toBe(ErrorCode.unknownSession);
    expect(tracker.checkGlobalSession(1n, "x")).toBe(ErrorCode.sessionExpired);
    expect(tracker.expired(8000)).toEqual([2n]);
  });

  test("the first to ask owns a session, until it is given to another", () => {
    const tracker = new SessionTracker(TICK_MS, 0);
    expect(tracker.track(1n, 4000, 0)).toBe(true);
    expect(tracker.track(1n, 4000, 0)).toBe(false);
    const [one, other] = [{}, {}];
    expect(tracker.checkSession(1n, one)).toBe(ErrorCode.ok);
    expect(tracker.checkSession(1n, other)).toBe(ErrorCode.sessionMoved);
    expect(tracker.setOwner(1n, other)).toBe(true);
    expect(tracker.checkSession(1n, one)).toBe(ErrorCode.sessionMoved);
    tracker.setClosing(1n);
    expect(tracker.setOwner(1n, one)).toBe(false);
    expect(tracker.isClosing(1n)).toBe(true);
    expect(tracker.expiryMap()).toEqual([{ deadlineMs: 6000, ids: [1n] }]);
  });
});

describe("sessions of a leader", () => {
  const parts = { sid: 1, tickTimeMs: TICK_MS, nowMs: 0, sessions: [[7n, 4000]] as Array<[bigint, number]> };

  test("without local sessions one that is unknown has expired", () => {
    const sessions = new LeaderSessions({ ...parts, localSessionsEnabled: false });
    expect(sessions.checkSession(9n, "x")).toBe(ErrorCode.sessionExpired);
    expect(sessions.checkSession(7n, "x")).toBe(ErrorCode.ok);
    expect(sessions.expired(6000)).toEqual([{ id: 7n, isLocal: false }]);
  });

  test("with them it may be local to the server that made it", () => {
    const sessions = new LeaderSessions({ ...parts, localSessionsEnabled: true });
    expect(sessions.checkSession((2n << 56n) | 5n, "x")).toBe(ErrorCode.ok);
    expect(sessions.checkGlobalSession((2n << 56n) | 5n, "x")).toBe(ErrorCode.sessionExpired);
    expect(sessions.checkSession((1n << 56n) | 5n, "x")).toBe(ErrorCode.sessionExpired);
  });

  test("a local one is checked here, and becomes a global one", () => {
    const sessions = new LeaderSessions({ ...parts, localSessionsEnabled: true });
    const id = (1n << 56n) | 5n;
    sessions.local?.create(id, 4000, 0);
    expect(sessions.checkSession(id, "x")).toBe(ErrorCode.ok);
    expect(sessions.checkSession(id, "y")).toBe(ErrorCode.sessionMoved);
    expect(sessions.checkGlobalSession(id, "x")).toBe(ErrorCode.sessionExpired);
    expect(sessions.local?.upgrade(id)).toBe(4000);
    expect(sessions.local?.upgrade(id)).toBeUndefined();
    sessions.track(id, 4000, 0);
    expect(sessions.checkGlobalSession(id, "x")).toBe(ErrorCode.ok);
    sessions.committed(id);
    expect([sessions.isLocal(id), sessions.isGlobal(id)]).toEqual([false, true]);
    sessions.remove(id);
    expect(sessions.isGlobal(id)).toBe(false);
  });

  test("local ones expire too", () => {
    const sessions = new LeaderSessions({ ...parts, localSessionsEnabled: true });
    sessions.local?.create(8n, 4000, 0);
    expect(sessions.touch(7n, 9000, 0)).toBe(true);
    expect(sessions.expired(6000)).toEqual([{ id: 8n, isLocal: true }]);
  });
});

describe("sessions of a learner", () => {
  const parts = { tickTimeMs: TICK_MS, nowMs: 0, sessions: new Map([[7n, 4000]]) };

  test("tells once which sessions it heard of", () => {
    const sessions = new LearnerSessions({ ...parts, localSessionsEnabled: false });
    expect(sessions.touch(7n, 4000, 0)).toBe(true);
    expect(sessions.touch(9n, 5000, 0)).toBe(true);
    sessions.committed(10n, 6000);
    sessions.remove(9n);
    expect([...sessions.takeTouched()]).toEqual([
      [7n, 4000],
      [10n, 6000],
    ]);
    expect([...sessions.takeTouched()]).toEqual([]);
    expect(sessions.checkSession(99n, "x")).toBe(ErrorCode.ok);
  });

  test("with local sessions, knows who is nobody's", () => {
    const sessions = new LearnerSessions({ ...parts, localSessionsEnabled: true });
    sessions.local?.create(8n, 4000, 0);
    expect([7n, 8n, 9n].map((id) => sessions.touch(id, 4000, 0))).toEqual([true, true, false]);
    expect([7n, 8n, 9n].map((id) => sessions.checkSession(id, "x"))).toEqual([0, 0, ErrorCode.sessionExpired]);
    expect([...sessions.takeTouched().keys()]).toEqual([7n]);
    expect(sessions.local?.upgrade(8n)).toBe(4000);
    expect(sessions.touch(8n, 4000, 0)).toBe(true);
    expect(sessions.expired(100_000)).toEqual([]);
  });
});

test("local sessions that expire are closing, and gone when removed", () => {
  const local = new LocalSessions(TICK_MS, 0);
  local.create(1n, 4000, 0);
  expect(local.expired(6000)).toEqual([1n]);
  local.remove(1n);
  expect(local.upgrade(1n)).toBeUndefined();
});

test("a timeout is what was asked for, within bounds", () => {
  expect([0, 4000, 5000, 90_000, -1].map((wanted) => negotiateTimeout(wanted, 4000, 40_000))).toEqual([
    4000, 4000, 5000, 40_000, 4000,
  ]);
});
