import { mkdir, open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import type { Disk, DiskFile } from "./disk.ts";

const FLAGS = { read: "r", append: "r+", create: "wx+" } as const;

class RealFile implements DiskFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }

  async append(bytes: Uint8Array): Promise<void> {
    const end = await this.size();
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, written, bytes.length - written, end + written);
      written += bytesWritten;
    }
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size);
  }

  sync(): Promise<void> {
    return this.#handle.datasync(); // includes the size, which is needed to read the contents back
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** The machine's file system. */
export const realDisk: Disk = {
  async open(path, mode) {
    return new RealFile(await open(path, FLAGS[mode], 0o600));
  },
  async rename(from, to) {
    mustShareFolder(from, to);
    await rename(from, to);
  },
  remove: (path) => rm(path),
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  async list(directory) {
    return (await readdir(directory)).sort();
  },
  async syncDirectory(path) {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** Across folders a rename is two changes of names that a crash can take apart. */
export function mustShareFolder(from: string, to: string): void {
  if (dirname(resolve(from)) !== dirname(resolve(to))) {
    throw new RangeError(`${from} and ${to} are not in the same folder`);
  }
}
