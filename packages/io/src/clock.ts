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
  /**
   * Calls `callback` once, soon but never synchronously: after what is ready now, the bytes of other connections for one, had its
   * turn. Who gathers waits for it, so that one write takes what many brought. Several are called in the order they were given.
   */
  atEndOfTurn(callback: () => void): void;
}
