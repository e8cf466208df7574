/**
 * One timeout of a connection that is moved far more often than it expires: moving it only notes the time, and the timer, when it
 * fires too early, sets itself again.
 */
export class Deadline {
  readonly #expired: () => void;
  #at = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;

  constructor(expired: () => void) {
    this.#expired = expired;
  }

  /** `delayMs` from `nowMs`, which is the monotonic clock's. */
  set(nowMs: number, delayMs: number): void {
    this.#at = nowMs + delayMs;
    if (this.#timerAt <= this.#at) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#arm(delayMs);
  }

  clear(): void {
    this.#at = Infinity;
  }

  stop(): void {
    this.#at = Infinity;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  #arm(delayMs: number): void {
    this.#timerAt = performance.now() + delayMs;
    this.#timer = setTimeout(() => this.#fired(), Math.min(delayMs, TIMER_MS_MAX));
  }

  #fired(): void {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    if (this.#at === Infinity) return;
    const remaining = this.#at - performance.now();
    if (remaining > 0.5) {
      this.#arm(remaining);
      return;
    }
    this.#at = Infinity;
    this.#expired();
  }
}

/** setTimeout takes no more than 31 bits. */
const TIMER_MS_MAX = 2 ** 31 - 1;
