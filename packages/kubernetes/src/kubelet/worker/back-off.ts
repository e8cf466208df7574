/**
 * Restart and pull delays, as client-go `util/flowcontrol/backoff.go` with the kubelet's figures (10 s, doubling, 300 s).
 * The first failure costs nothing; a delay is forgotten once the last failure lies two maxima behind the last change.
 */
export interface BackOff {
  delayMs: number;
  updatedAt: number;
}

const BACK_OFF_FIRST_MS = 10_000;
const BACK_OFF_MAX_MS = 300_000;

function isForgotten(entry: BackOff, failedAt: number): boolean {
  return failedAt - entry.updatedAt > 2 * BACK_OFF_MAX_MS;
}

/** When a thing that failed at `failedAt` may be tried again; not after `failedAt` when there is nothing to wait for. */
export function retryAt(entry: BackOff | undefined, failedAt: number): number {
  return entry === undefined || isForgotten(entry, failedAt) ? failedAt : failedAt + entry.delayMs;
}

/** The entry after one more try at `now` for a thing that failed at `failedAt`. */
export function nextBackOff(entry: BackOff | undefined, failedAt: number, now: number): BackOff {
  if (entry === undefined || isForgotten(entry, failedAt)) return { delayMs: BACK_OFF_FIRST_MS, updatedAt: now };
  return { delayMs: Math.min(entry.delayMs * 2, BACK_OFF_MAX_MS), updatedAt: now };
}

/** Whole seconds as Go prints a duration: `10s`, `1m20s`, `5m0s`. */
export function goSeconds(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
