import type { Clock } from "./clock.ts";

/** setTimeout fires at once when its delay does not fit 31 bits; longer waits are made of several. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** The machine's clocks. Its timers keep the process alive until they fire or are cancelled. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback) {
    let remainingMs = Math.max(0, delayMs);
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const stepMs = Math.min(remainingMs, TIMEOUT_MAX_MS);
      remainingMs -= stepMs;
      handle = setTimeout(remainingMs > 0 ? arm : callback, stepMs);
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  },
  atEndOfTurn: (callback) => void setImmediate(callback),
};
