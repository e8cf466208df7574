import type { Clock } from "@ordinal/io";
import { describe, expect, test } from "vitest";

/** What every `Clock` does. `within` runs the body with one and lets its time pass. */
export function clockContract(name: string, within: (body: (clock: Clock) => Promise<void>) => Promise<void>): void {
  const after = (clock: Clock, delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      clock.setTimer(delayMs, resolve);
    });

  describe(`${name} keeps the contract of Clock`, () => {
    test("a timer never fires during the call that sets it, nor before what was promised then", () =>
      within(async (clock) => {
        const happened: string[] = [];
        const fired = new Promise<void>((resolve) => {
          clock.setTimer(0, () => {
            happened.push("timer");
            resolve();
          });
        });
        happened.push("set");
        void Promise.resolve().then(() => happened.push("promise"));
        await fired;
        expect(happened).toEqual(["set", "promise", "timer"]);
      }));

    test("timers fire by their delay, those of one delay in the order in which they were set", () =>
      within(async (clock) => {
        const fired: string[] = [];
        const last = after(clock, 30);
        for (const [label, delayMs] of [
          ["c", 15],
          ["a", 1],
          ["d", 15],
          ["b", 1],
        ] as const) {
          clock.setTimer(delayMs, () => fired.push(label));
        }
        await last;
        expect(fired).toEqual(["a", "b", "c", "d"]);
      }));

    test("a timer that was cancelled does not fire, and cancelling one that fired is nothing", () =>
      within(async (clock) => {
        let fired = 0;
        clock.setTimer(1, () => fired++).cancel();
        const done = clock.setTimer(1, () => fired++);
        await after(clock, 10);
        done.cancel();
        done.cancel();
        expect(fired).toBe(1);
      }));

    test("the end of a turn comes after the code that asked for it and its promises, in the order of the asking", () =>
      within(async (clock) => {
        const happened: string[] = [];
        clock.atEndOfTurn(() => happened.push("first"));
        const ended = new Promise<void>((resolve) => {
          clock.atEndOfTurn(() => {
            happened.push("second");
            resolve();
          });
        });
        happened.push("asked");
        void Promise.resolve().then(() => happened.push("promise"));
        await ended;
        expect(happened).toEqual(["asked", "promise", "first", "second"]);
      }));

    test("both times pass while timers do", () =>
      within(async (clock) => {
        const wall = clock.now();
        const monotonic = clock.monotonic();
        await after(clock, 20);
        expect(clock.monotonic() - monotonic).toBeGreaterThanOrEqual(18); // a system may round a timer down
        expect(clock.now() - wall).toBeGreaterThanOrEqual(18);
        expect(new Date(wall).getUTCFullYear()).toBeGreaterThanOrEqual(2026);
      }));

    test("a delay that is negative is none", () =>
      within(async (clock) => {
        await after(clock, -5);
        expect(clock.monotonic()).toBeGreaterThanOrEqual(0);
      }));
  });
}
