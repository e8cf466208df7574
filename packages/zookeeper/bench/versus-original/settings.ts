import type { LoadClient } from "./load-client.ts";

/** How much is measured. */
export interface Settings {
  /** Each row is measured so often on both sides in alternation, and the median counts. */
  readonly rounds: number;
  /** Of the rows that start, stop and kill servers. */
  readonly lifeRounds: number;
  readonly warmMs: number;
  readonly measureMs: number;
  /** For the restart and for the loaded memory. */
  readonly znodes: number;
  /** Left in peace before memory is read. */
  readonly idleMs: number;
  /** Whether a row is wanted. */
  readonly wants: (name: string) => boolean;
}

export interface Bench {
  readonly settings: Settings;
  readonly load: LoadClient;
  /** Where servers keep their files. */
  readonly folder: string;
  /** For whoever waits. */
  readonly say: (line: string) => void;
}

export const FULL = { rounds: 5, lifeRounds: 5, warmMs: 300, measureMs: 1000, znodes: 100_000, idleMs: 3000 };
/** Shows that everything works; its numbers mean nothing. */
export const QUICK = { rounds: 1, lifeRounds: 1, warmMs: 20, measureMs: 100, znodes: 500, idleMs: 100 };
