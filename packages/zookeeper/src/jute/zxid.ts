import { ProtocolError } from "@ordinal/kit";

/**
 * A transaction's id: epoch × 2³² + counter, as in the original, but as a JavaScript number: exact up to epoch 2²¹ (2,097,151
 * leaderships), which `mustBeZxid` and the readers check. -1 stands where the original writes -1 ("none").
 */
export type Zxid = number & { readonly brand: "Zxid" };

/** A session's id: all 64 bits, signed as on the wire; its highest byte is the id of the server that made it. */
export type SessionId = bigint;

const COUNTER_RANGE = 2 ** 32;
/** The counter that forces a new election: the next one would be another epoch's. */
export const ZXID_COUNTER_MAX = 0xffff_ffff;
export const EPOCH_MAX = 2 ** 21 - 1;
export const ZERO_ZXID = 0 as Zxid;

/** @param epoch 0 to `EPOCH_MAX`  @param counter 0 to 2³² - 1 */
export function makeZxid(epoch: number, counter: number): Zxid {
  return mustBeZxid(epoch * COUNTER_RANGE + counter);
}

/** The value as a zxid; a `ProtocolError` with code `BAD_ZXID` if it is out of range. */
export function mustBeZxid(value: number): Zxid {
  if (!Number.isSafeInteger(value) || value < -1) throw new ProtocolError("BAD_ZXID", `${value} is not a zxid`);
  return value as Zxid;
}

export function epochOf(zxid: Zxid): number {
  return Math.floor(zxid / COUNTER_RANGE);
}

export function counterOf(zxid: Zxid): number {
  return zxid - Math.floor(zxid / COUNTER_RANGE) * COUNTER_RANGE;
}

/** As the original writes it in file names, logs and answers: `100000003`, without `0x`. */
export function zxidHex(zxid: Zxid): string {
  return BigInt.asUintN(64, BigInt(zxid)).toString(16);
}

/** As the original writes session ids: unsigned hexadecimal without `0x`. */
export function sessionHex(id: SessionId): string {
  return BigInt.asUintN(64, id).toString(16);
}
