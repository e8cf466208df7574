/**
 * The order in which Java's hash tables give their entries, which a snapshot's dump shows: by the table's slots, and within a slot
 * as they came. Source: java.util.HashMap.
 */

const LOAD_FACTOR = 0.75;

/** @param slots of the empty table, a power of two; it doubles as it fills */
export function inJavaOrder<T>(items: Iterable<T>, hash: (item: T) => number, slots: number): T[] {
  const all = [...items];
  let size = slots;
  while (all.length > size * LOAD_FACTOR) size *= 2;
  const slotOf = (item: T): number => {
    const code = hash(item);
    return (code ^ (code >>> 16)) & (size - 1);
  };
  const indexed = all.map((item) => ({ item, slot: slotOf(item) }));
  return indexed.sort((one, other) => one.slot - other.slot).map(({ item }) => item);
}

/** `String.hashCode`. */
export function stringHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

/** `Long.hashCode`. */
export function longHash(value: bigint): number {
  const bits = BigInt.asUintN(64, value);
  return Number(BigInt.asIntN(32, bits ^ (bits >> 32n)));
}
