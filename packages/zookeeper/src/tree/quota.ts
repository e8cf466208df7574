// Source: org.apache.zookeeper.Quotas, org.apache.zookeeper.StatsTrack.

export const PROC_PATH = "/zookeeper";
export const QUOTA_PATH = "/zookeeper/quota";
export const CONFIG_PATH = "/zookeeper/config";
export const LIMITS_NAME = "zookeeper_limits";
export const STATS_NAME = "zookeeper_stats";

/** Where the limits of `path` stand. */
export function limitsPath(path: string): string {
  return `${QUOTA_PATH}${path}/${LIMITS_NAME}`;
}

/** Where what is used under `path` is kept. */
export function statsPath(path: string): string {
  return `${QUOTA_PATH}${path}/${STATS_NAME}`;
}

/** The path that a path under `QUOTA_PATH` is about. */
export function withoutQuotaPath(path: string): string {
  return path.slice(QUOTA_PATH.length);
}

/** The longest text that is read: with four fields of 64 bits it is some 120 bytes. */
const STATS_TEXT_MAX = 1024;

/** What a `zookeeper_limits` or `zookeeper_stats` node says: numbers by name, -1 where it says nothing. */
export class StatsTrack {
  readonly #fields = new Map<string, number>();

  /** Pairs without a number, which end the original's server, count as not said. */
  static parse(data: Uint8Array | null): StatsTrack {
    const track = new StatsTrack();
    if (data === null || data.length > STATS_TEXT_MAX) return track;
    for (const pair of new TextDecoder().decode(data).split(/[,;]+/)) {
      const [key, value] = pair.split("=");
      if (key === undefined || value === undefined || !/^(?:[+-]?\d{1,15})?$/.test(value)) continue;
      track.#fields.set(key, value === "" ? -1 : Number(value));
    }
    return track;
  }

  get(key: "count" | "bytes" | "countHardLimit" | "byteHardLimit"): number {
    return this.#fields.get(key) ?? -1;
  }

  set(key: "count" | "bytes" | "countHardLimit" | "byteHardLimit", value: number): this {
    this.#fields.set(key, value);
    return this;
  }

  /**
   * The node's text. Count and bytes come first, and an `=` follows them where more does: so servers before 3.7, which know only
   * these two, can read it.
   */
  toString(): string {
    const more = [...this.#fields.keys()].filter((key) => key !== "count" && key !== "bytes").sort();
    const text = `count=${this.get("count")},bytes=${this.get("bytes")}`;
    return more.length === 0 ? text : `${text}=${more.map((key) => `;${key}=${this.#fields.get(key)}`).join("")}`;
  }

  toBytes(): Uint8Array {
    return new TextEncoder().encode(this.toString());
  }
}
