import type { randomFillSync } from "node:crypto";

/** Chance as a port: production draws from the system, the simulator from a seed. */
export interface Random {
  /** A whole number in [0, 2^32), evenly distributed. */
  uint32(): number;
  /** A number in [0, 1) with 53 random bits. */
  float(): number;
  /** A whole number from `low` to `high`, both included; at most 2^53 - 1 apart. */
  between(low: number, high: number): number;
  /** `length` fresh bytes. */
  bytes(length: number): Uint8Array;
}

let crypto: { readonly randomFillSync: typeof randomFillSync } | undefined;

/** Loads Node's cryptography when it is first drawn: a command that runs for a moment may never. */
function fill<T extends Uint8Array | Uint32Array>(bytes: T): T {
  crypto ??= process.getBuiltinModule("node:crypto");
  return crypto.randomFillSync(bytes);
}

const pool = new Uint32Array(256);
let used = pool.length;

function uint32(): number {
  if (used === pool.length) {
    fill(pool);
    used = 0;
  }
  return pool[used++] ?? 0;
}

function float(): number {
  return ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) / 2 ** 53;
}

/** The system's cryptographic generator: what it gives cannot be guessed. */
export const realRandom: Random = {
  uint32,
  float,
  between: (low, high) => low + Math.floor(float() * (high - low + 1)),
  bytes: (length) => fill(new Uint8Array(length)),
};
