/** As the original rounds averages: to four digits. Source: org.apache.zookeeper.server.metric.AvgMinMaxCounter. */
export function roundAverage(sum: number, count: number): number {
  return count > 0 ? Math.round((sum / count) * 10_000) / 10_000 : 0;
}

/** What is known of many values: whole numbers from 0. */
export class Summary {
  sum = 0;
  count = 0;
  max = 0;
  #min = Number.MAX_SAFE_INTEGER;

  get min(): number {
    return this.count === 0 ? 0 : this.#min;
  }

  get avg(): number {
    return roundAverage(this.sum, this.count);
  }

  add(value: number): void {
    this.sum += value;
    this.count++;
    if (value > this.max) this.max = value;
    if (value < this.#min) this.#min = value;
  }

  resetMax(): void {
    this.max = this.min;
  }

  reset(): void {
    this.sum = 0;
    this.count = 0;
    this.max = 0;
    this.#min = Number.MAX_SAFE_INTEGER;
  }
}

const EXACT = 64;
const STEPS = 32;
const BUCKETS = EXACT + STEPS * 26;

/**
 * A summary with percentiles. Values below 64 are counted exactly, others in steps of 3 %: a percentile is never further off.
 * The original draws 4,096 samples by chance instead; source: org.apache.zookeeper.server.metric.AvgMinMaxPercentileCounter.
 */
export class PercentileSummary extends Summary {
  #buckets: Uint32Array | undefined;

  override add(value: number): void {
    super.add(value);
    const buckets = (this.#buckets ??= new Uint32Array(BUCKETS));
    const at = bucketOf(value);
    buckets[at] = (buckets[at] ?? 0) + 1;
  }

  /** The value that `fraction` of all values do not exceed. */
  percentile(fraction: number): number {
    const buckets = this.#buckets;
    if (buckets === undefined || this.count === 0) return 0;
    let left = Math.max(1, Math.ceil(this.count * fraction));
    for (let at = 0; at < buckets.length; at++) {
      left -= buckets[at] ?? 0;
      if (left <= 0) return Math.min(upperBound(at), this.max);
    }
    return this.max;
  }

  override reset(): void {
    super.reset();
    this.#buckets?.fill(0);
  }
}

function bucketOf(value: number): number {
  if (value < EXACT) return Math.max(0, Math.trunc(value));
  const exponent = Math.floor(Math.log2(value));
  const step = Math.floor((value / 2 ** exponent - 1) * STEPS);
  return Math.min(BUCKETS - 1, EXACT + (exponent - 6) * STEPS + step);
}

function upperBound(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const exponent = 6 + Math.floor((bucket - EXACT) / STEPS);
  const step = (bucket - EXACT) % STEPS;
  return Math.ceil(2 ** exponent * (1 + (step + 1) / STEPS)) - 1;
}
