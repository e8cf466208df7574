import { ByteWriter } from "@ordinal/kit";

const RANGE = 2 ** 32;

/** Writes jute's binary encoding; see `JuteReader`. Source: zookeeper-jute BinaryOutputArchive. */
export class JuteWriter extends ByteWriter {
  /** @param limit the most bytes it takes; beyond it a `RefusedError` with code `TOO_LARGE` */
  constructor(limit = 2 ** 31 - 1, initial = 256) {
    super(limit, Math.min(limit, initial));
  }

  boolean(value: boolean): void {
    this.uint8(value ? 1 : 0);
  }

  /** A safe integer as 64 bits: zxids, times. */
  long(value: number): void {
    const high = Math.floor(value / RANGE);
    this.int32(high);
    this.uint32(value - high * RANGE);
  }

  ustring(value: string | null): void {
    if (value === null) {
      this.int32(-1);
      return;
    }
    const at = this.length;
    this.int32(0);
    this.utf8(value);
    this.setUint32(at, this.length - at - 4);
  }

  buffer(value: Uint8Array | null): void {
    if (value === null) {
      this.int32(-1);
      return;
    }
    this.int32(value.length);
    this.bytes(value);
  }

  vector<T>(items: readonly T[] | null, element: (writer: this, item: T) => void): void {
    if (items === null) {
      this.int32(-1);
      return;
    }
    this.int32(items.length);
    for (const item of items) element(this, item);
  }
}
