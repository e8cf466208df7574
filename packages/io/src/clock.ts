/** A timer that was set; `cancel` after it fired does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time as a port: production uses `realClock`, the simulator drives its own. */
export interface Clock {
  /** Wall time in milliseconds since the epoch. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start that never go back. */
  monotonic(): number;
  /** Calls `callback` once, `delayMs` from now (0 or more; at once means the next turn, never synchronously). */
  setTimer(delayMs: number, callback: () => void): Timer;
}
