/** One change of a batch. Keys sort by their bytes; a key holds at most 64 KiB, a value at most 64 MiB. */
export type StoreOperation =
  | { readonly kind: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: "delete"; readonly key: Uint8Array };

/** Which keys an iteration visits, in byte order. Bounds left out are open. */
export interface StoreRange {
  readonly gte?: Uint8Array;
  readonly gt?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export interface StoreReader {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Rows as they are when the iteration begins, that is at its first `next`; later batches do not show. */
  iterate(range?: StoreRange): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
}

/** A view of one moment; later batches do not show. Close it, or old data is kept for it. */
export interface StoreSnapshot extends StoreReader {
  close(): Promise<void>;
}

/** Ordered keys with atomic batches: the API server's and Cassandra's storage. */
export interface Store extends StoreReader {
  /**
   * Applies all operations or none, in the order of the calls. With `sync` the promise resolves only once the batch is on
   * disk (batches that wait together share one fsync). Without, it survives the death of the process, while a power failure may
   * lose it, even where it keeps a later one. The caller may reuse its buffers at once. After a failed write or sync
   * every later write rejects with `STORE_FAILED` until the store is opened anew, and what became of that batch is unknown.
   */
  batch(operations: readonly StoreOperation[], options?: { readonly sync?: boolean }): Promise<void>;
  snapshot(): StoreSnapshot;
  /** Finishes the writes under way, then closes; whatever is asked later rejects with `STORE_CLOSED`. */
  close(): Promise<void>;
}
