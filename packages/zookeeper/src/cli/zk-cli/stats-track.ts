import { UncaughtError } from "./cli-error.ts";
import { parseJavaLong } from "./java-numbers.ts";

// Source: org.apache.zookeeper.StatsTrack, which keeps whatever keys a text has.

export type StatsKey = "count" | "bytes" | "countHardLimit" | "byteHardLimit";

/** The text of a quota node, read to be changed and written again. */
export class StatsText {
  readonly #values = new Map<string, bigint>();

  /** @param text such as `count=3,bytes=-1=;byteHardLimit=-1` */
  constructor(text = "") {
    if (text === "") return;
    for (const pair of text.split(/[,;]+/)) {
      const [key = "", value] = pair.split("=");
      const number = parseJavaLong(value === undefined || value === "" ? "-1" : value);
      if (number === undefined) {
        throw new UncaughtError("java.lang.NumberFormatException", `For input string: "${value}"`);
      }
      this.#values.set(key, number);
    }
  }

  get(key: StatsKey): bigint {
    return this.#values.get(key) ?? -1n;
  }

  set(key: StatsKey, value: bigint): void {
    this.#values.set(key, value);
  }

  toString(): string {
    const others = [...this.#values.keys()].filter((key) => key !== "count" && key !== "bytes").sort();
    const text = `count=${this.get("count")},bytes=${this.get("bytes")}`;
    return others.length === 0 ? text : `${text}=${others.map((key) => `;${key}=${this.#values.get(key)}`).join("")}`;
  }

  bytes(): Uint8Array {
    return Buffer.from(this.toString());
  }
}
