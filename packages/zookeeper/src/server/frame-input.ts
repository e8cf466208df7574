const NOTHING = new Uint8Array(0);
const FRAME_HEADER = 4;

/**
 * Finds the frames (a length of four bytes and as many bytes) in what arrives, without copying where a chunk holds whole
 * ones. What was handed out is never written over, so requests under way may keep their views.
 */
export class FrameInput {
  /** The bytes that hold the next frame, and a view of all of them. */
  bytes: Uint8Array = NOTHING;
  view: DataView = new DataView(NOTHING.buffer);
  /** Where the next frame begins with its length. */
  at = 0;
  /** Where the bytes end. Behind it may be room. */
  end = 0;

  /** Bytes that are there and not taken. */
  get remaining(): number {
    return this.end - this.at;
  }

  /** Whether the next frame's length is there. */
  get hasLength(): boolean {
    return this.end - this.at >= FRAME_HEADER;
  }

  /** The length of the next frame as it stands there, from -2³¹ to 2³¹ - 1; only with `hasLength`. */
  get frameLength(): number {
    return this.view.getInt32(this.at);
  }

  /** Whether all of the next frame is there; only with `hasLength` and a length that is not negative. */
  get hasFrame(): boolean {
    return this.end - this.at >= FRAME_HEADER + this.frameLength;
  }

  /** Goes on behind `length` bytes. */
  take(length: number): void {
    this.at += length;
  }

  /** More bytes have arrived; they may be kept. */
  push(chunk: Uint8Array): void {
    const left = this.end - this.at;
    if (left === 0) {
      this.bytes = chunk;
      this.view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      this.at = 0;
      this.end = chunk.length;
      return;
    }
    // Room behind the end is there only in buffers made here: a chunk of the network ends where its bytes end.
    if (this.end + chunk.length > this.bytes.length) this.#grow(left, chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** A slow sender of a long frame is met with buffers of doubling size, a quick one is not copied often. */
  #grow(left: number, more: number): void {
    const bytes = new Uint8Array(Math.max(left + more, left * 2));
    bytes.set(this.bytes.subarray(this.at, this.end));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.at = 0;
    this.end = left;
  }

  /** Lets go of the memory when nothing is left in it. */
  releaseIfEmpty(): void {
    if (this.at < this.end) return;
    this.clear();
  }

  clear(): void {
    this.bytes = NOTHING;
    this.at = 0;
    this.end = 0;
  }
}
