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
  iterate(range?: StoreRange): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
}

/** A view of one moment; later batches do not show. Close it, or old data is kept for it. */
export interface StoreSnapshot extends StoreReader {
  close(): Promise<void>;
}

/** Ordered keys with atomic batches: the API server's and Cassandra's storage. */
export interface Store extends StoreReader {
  /**
   * Applies all operations or none. With `sync` the promise resolves only once the batch is on disk (batches that
   * wait together share one fsync). After a failed sync every later write rejects until the store is opened anew.
   */
  batch(operations: readonly StoreOperation[], options?: { readonly sync?: boolean }): Promise<void>;
  snapshot(): StoreSnapshot;
  close(): Promise<void>;
}
