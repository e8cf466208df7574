import type { Operation } from "./request-frames.ts";

/** What the benchmark asks of the load process. */
export type LoadJob =
  | {
      /** As many requests as the servers answer. */
      readonly kind: "throughput";
      readonly operation: Operation;
      /** Of the node. */
      readonly bytes: number;
      /** One a connection, connections in turn. */
      readonly ports: readonly number[];
      readonly connections: number;
      /** Requests under way on each connection. */
      readonly outstanding: number;
      readonly warmMs: number;
      readonly measureMs: number;
    }
  | {
      /** Nodes of 100 bytes below a new one. */
      readonly kind: "fill";
      readonly ports: readonly number[];
      readonly count: number;
    }
  | {
      /** Tries all servers until one acknowledges a write. Kills a process before that, if one is named. */
      readonly kind: "first-write";
      readonly ports: readonly number[];
      readonly kill: number | undefined;
      readonly timeoutMs: number;
    };

export interface LoadResult {
  /** Requests answered in a second. */
  readonly perSecond: number;
  /** From when the job began, or the process was killed, to the first acknowledged write. */
  readonly firstWriteMs: number;
  /** The same moment, in milliseconds since the epoch. */
  readonly firstWriteAtMs: number;
  /** How busy one processor was with the load itself, 0 to 1. */
  readonly clientBusy: number;
}

/** What the load process sends back. */
export type LoadAnswer =
  | { readonly kind: "result"; readonly result: LoadResult }
  | { readonly kind: "failed"; readonly message: string };
