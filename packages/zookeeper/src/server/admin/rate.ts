/** One use, then none for an interval. Source: org.apache.zookeeper.server.util.RateLimiter. */
export class Rate {
  #lastMs = Number.NEGATIVE_INFINITY;

  allows(nowMs: number, intervalMs: number): boolean {
    if (nowMs - this.#lastMs < intervalMs) return false;
    this.#lastMs = nowMs;
    return true;
  }
}
