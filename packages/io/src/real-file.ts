import { close, fdatasync, fstat, ftruncate, read, write, writeSync } from "node:fs";
import { promisify } from "node:util";

import type { DiskFile } from "./disk.ts";

const statFile = promisify(fstat);
const truncateFile = promisify(ftruncate);

/**
 * Writes up to this size are done at once: copying them to the system's cache takes microseconds, a journey through the thread
 * pool takes longer.
 */
const WRITE_AT_ONCE_BYTES = 256 * 1024;

/**
 * A file by its descriptor. The callback functions of `node:fs` and not its `FileHandle`s: those take a third longer for a small
 * write and its sync, which is what a log waits for.
 */
export class RealFile implements DiskFile {
  readonly #descriptor: number;
  #isOpen = true;
  /** Known once somebody asked; then kept, since nobody else changes a file that is written here. */
  #size: number | undefined;

  constructor(descriptor: number, size: number | undefined) {
    this.#descriptor = descriptor;
    this.#size = size;
  }

  async size(): Promise<number> {
    return (await statFile(this.#open())).size;
  }

  async modifiedMs(): Promise<number> {
    return (await statFile(this.#open())).mtimeMs;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const got = await readInto(this.#open(), bytes, filled, position + filled);
      if (got === 0) break;
      filled += got;
    }
    return bytes.subarray(0, filled);
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#size ??= await this.size();
    await this.write(this.#size, bytes);
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    // Unknown until it is done: of a write that fails some bytes may be there.
    const size = this.#size;
    this.#size = undefined;
    let written = 0;
    while (written < bytes.length) {
      const descriptor = this.#open();
      written +=
        bytes.length <= WRITE_AT_ONCE_BYTES
          ? writeSync(descriptor, bytes, written, bytes.length - written, position + written)
          : await writeFrom(descriptor, bytes, written, position + written);
    }
    if (size !== undefined) this.#size = bytes.length === 0 ? size : Math.max(size, position + bytes.length);
  }

  async truncate(size: number): Promise<void> {
    this.#size = undefined;
    await truncateFile(this.#open(), size);
    this.#size = size;
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      // Includes the size, which is needed to read the contents back.
      fdatasync(this.#open(), (error) => (error === null ? resolve() : reject(error)));
    });
  }

  async close(): Promise<void> {
    const descriptor = this.#open();
    this.#isOpen = false;
    await promisify(close)(descriptor);
  }

  /** The descriptor; once it is closed the system may have given its number to another file. */
  #open(): number {
    if (!this.#isOpen) throw Object.assign(new Error("EBADF: the file is closed"), { code: "EBADF" });
    return this.#descriptor;
  }
}

function readInto(descriptor: number, bytes: Uint8Array, from: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, bytes, from, bytes.length - from, position, (error, count) =>
      error === null ? resolve(count) : reject(error),
    );
  });
}

function writeFrom(descriptor: number, bytes: Uint8Array, from: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, from, bytes.length - from, position, (error, count) =>
      error === null ? resolve(count) : reject(error),
    );
  });
}
