/** What a run of simulations has met: a run that never met one of these proves nothing about it. */
export interface Coverage {
  seeds: number;
  operations: number;
  faults: number;
  elections: number;
  diff: number;
  trunc: number;
  snap: number;
  expiries: number;
  tornLogs: number;
  watchEvents: number;
  virtualMs: number;
}

export function noCoverage(): Coverage {
  return {
    seeds: 0,
    operations: 0,
    faults: 0,
    elections: 0,
    diff: 0,
    trunc: 0,
    snap: 0,
    expiries: 0,
    tornLogs: 0,
    watchEvents: 0,
    virtualMs: 0,
  };
}

export function addCoverage(sum: Coverage, more: Coverage): void {
  for (const name of Object.keys(sum) as (keyof Coverage)[]) sum[name] += more[name];
}

/** What was never met. */
export function missing(coverage: Coverage): string[] {
  return Object.entries(coverage).flatMap(([name, count]) => (count === 0 ? [name] : []));
}
