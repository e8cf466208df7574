// The protocol buffers wire format: https://protobuf.dev/programming-guides/encoding/

/** Bytes that are no protobuf message, or not of the expected shape. */
export class ProtobufError extends Error {}

export type WireValue =
  | { readonly kind: "varint"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly value: Buffer };

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
/** Ten groups of seven bits hold 64. */
const VARINT_BYTES_MAX = 10;

/**
 * The fields of a message in their order, numbers as often as they occur. Fixed-width fields are skipped: the API has
 * none. Bytes are views of `message`. Throws `ProtobufError`.
 */
export function* wireFields(message: Buffer): Generator<readonly [number: number, value: WireValue]> {
  let at = 0;
  while (at < message.length) {
    const key = varint(message, at);
    at = key.end;
    const number = Number(key.value >> 3n);
    if (number === 0) throw new ProtobufError("illegal tag 0");
    const type = Number(key.value & 7n);
    if (type === VARINT) {
      const { value, end } = varint(message, at);
      at = end;
      yield [number, { kind: "varint", value }];
    } else if (type === LENGTH_DELIMITED) {
      const { value, end } = varint(message, at);
      if (value > BigInt(message.length - end)) throw new ProtobufError("unexpected EOF");
      at = end + Number(value);
      yield [number, { kind: "bytes", value: message.subarray(end, at) }];
    } else if (type === FIXED_64 || type === FIXED_32) {
      at += type === FIXED_64 ? 8 : 4;
      if (at > message.length) throw new ProtobufError("unexpected EOF");
    } else throw new ProtobufError(`illegal wireType ${type}`);
  }
}

/** The varints of a packed list. Throws `ProtobufError`. */
export function packedVarints(bytes: Buffer): bigint[] {
  const values: bigint[] = [];
  for (let at = 0; at < bytes.length;) {
    const { value, end } = varint(bytes, at);
    values.push(value);
    at = end;
  }
  return values;
}

function varint(bytes: Buffer, start: number): { value: bigint; end: number } {
  let value = 0n;
  for (let count = 0; count < VARINT_BYTES_MAX; count++) {
    const byte = bytes[start + count];
    if (byte === undefined) throw new ProtobufError("unexpected EOF");
    value |= BigInt(byte & 0x7f) << BigInt(7 * count);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: start + count + 1 };
  }
  throw new ProtobufError("integer overflow");
}
