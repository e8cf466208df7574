import { open as openDescriptor } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";

import type { Disk } from "./disk.ts";
import { RealFile } from "./real-file.ts";

const FLAGS = { read: "r", append: "r+", create: "wx+" } as const;

/** The machine's file system. */
export const realDisk: Disk = {
  async open(path, mode) {
    const descriptor = await promisify(openDescriptor)(path, FLAGS[mode], 0o600);
    return new RealFile(descriptor, mode === "create" ? 0 : undefined);
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
