import type { StoreOperation } from "./store.ts";

const KEY_BYTES_MAX = 64 * 1024;
const VALUE_BYTES_MAX = 64 * 1024 * 1024;

/** Throws a `RangeError` for a key or a value that no version of `Store` takes. */
export function mustFitStore(operation: StoreOperation): void {
  if (operation.key.length > KEY_BYTES_MAX) {
    throw new RangeError(`a key of ${operation.key.length} bytes exceeds the ${KEY_BYTES_MAX} a store takes`);
  }
  if (operation.kind === "put" && operation.value.length > VALUE_BYTES_MAX) {
    throw new RangeError(`a value of ${operation.value.length} bytes exceeds the ${VALUE_BYTES_MAX} a store takes`);
  }
}
