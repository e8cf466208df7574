/** Snappy's raw format (google/snappy, format_description.txt), reading only: LevelDB's index blocks may be written in it. */

/** The bytes that were compressed; undefined if this is no such stream. */
export function unsnap(input: Uint8Array): Uint8Array | undefined {
  const header = varint(input, 0);
  if (header === undefined) return undefined;
  const output = new Uint8Array(header.value);
  let to = 0;
  let at = header.next;
  while (at < input.length) {
    const tag = input[at++] as number;
    if ((tag & 3) === 0) {
      const extra = Math.max(0, (tag >>> 2) - 59); // lengths from 61 on stand in 1 to 4 bytes of their own
      const length = (extra === 0 ? tag >>> 2 : littleEndian(input, at, extra)) + 1;
      at += extra;
      if (at + length > input.length || to + length > output.length) return undefined;
      output.set(input.subarray(at, at + length), to);
      at += length;
      to += length;
    } else {
      const width = (tag & 3) === 3 ? 4 : tag & 3;
      const short = width === 1;
      const length = short ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
      const offset = littleEndian(input, at, width) + (short ? (tag >>> 5) << 8 : 0);
      at += width;
      if (offset === 0 || offset > to || to + length > output.length) return undefined;
      // Byte by byte: a copy may reach into what it writes.
      const end = to + length;
      for (; to < end; to++) output[to] = output[to - offset] as number;
    }
  }
  return to === output.length ? output : undefined;
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let n = width - 1; n >= 0; n--) value = value * 256 + (bytes[at + n] ?? 0);
  return value;
}

/** A number in LevelDB's and Snappy's variable-length form, up to 2^53 - 1, and where it ends. */
export function varint(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let n = 0; n < 8; n++) {
    const byte = bytes[at + n];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * n);
    if (byte < 0x80) return Number.isSafeInteger(value) ? { value, next: at + n + 1 } : undefined;
  }
  return undefined;
}
