import type { Clock, Timer } from "@ordinal/io";

/** First wait after a failure; doubles with each failure in a row. */
const BACKOFF_FIRST_MS = 5;
/** Longest wait. More makes a cured fault unnoticed for longer, less repeats what fails more often. */
const BACKOFF_MAX_MS = 30_000;
/** Keys in work at once. Writes that run side by side share one sync of the store. */
const CONCURRENCY_MAX = 64;

/**
 * Times that one key is worked on in a second. Work whose outcome brings itself about again is a defect somewhere; it
 * must not take the whole process with it.
 */
const RUNS_PER_SECOND_MAX = 200;

/**
 * Keys to reconcile. A key is worked on once at a time; added meanwhile, it is worked on once more. A key whose work
 * rejects comes back after a growing wait. Work starts in a later microtask, so changes of one commit are one piece of work.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #work: (key: string) => Promise<void>;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { readonly at: number; readonly timer: Timer }>();
  #second = { since: Number.NEGATIVE_INFINITY, runs: new Map<string, number>() };
  #scheduled = false;
  #stopped = false;

  /** `work` resolves when the key is done with, and rejects to have it back. */
  constructor(clock: Clock, work: (key: string) => Promise<void>) {
    this.#clock = clock;
    this.#work = work;
  }

  add(key: string): void {
    if (this.#stopped) return;
    if (this.#running.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#waiting.add(key);
    this.#schedule();
  }

  /** Adds `key` after a wait; of several waits for one key the shortest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    const at = this.#clock.monotonic() + delayMs;
    const known = this.#timers.get(key);
    if (known !== undefined && known.at <= at) return;
    known?.timer.cancel();
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, { at, timer });
  }

  /** No work starts any more; what runs ends by itself. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#waiting.clear();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#start();
    });
  }

  #start(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= CONCURRENCY_MAX) return;
      this.#waiting.delete(key);
      const restMs = this.#restMs(key);
      if (restMs > 0) {
        this.addAfter(key, restMs);
        continue;
      }
      this.#running.add(key);
      void this.#run(key);
    }
  }

  /** Counts a run; positive when this second has had too many. */
  #restMs(key: string): number {
    const now = this.#clock.monotonic();
    if (now - this.#second.since >= 1000) this.#second = { since: now, runs: new Map() };
    const runs = (this.#second.runs.get(key) ?? 0) + 1;
    this.#second.runs.set(key, runs);
    return runs > RUNS_PER_SECOND_MAX ? this.#second.since + 1000 - now : 0;
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#work(key);
      this.#failures.delete(key);
    } catch {
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      this.addAfter(key, Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(failures, 30), BACKOFF_MAX_MS));
    }
    this.#running.delete(key);
    if (this.#again.delete(key) && !this.#stopped) this.#waiting.add(key);
    if (this.#waiting.size > 0) this.#schedule();
  }
}
