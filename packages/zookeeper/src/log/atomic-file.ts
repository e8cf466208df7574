import { dirname } from "node:path";

import type { Disk } from "@ordinal/io";
import { hasCode, RefusedError } from "@ordinal/kit";

import { BATCH_BYTES_MAX } from "./limits.ts";

/** More than any small file of a data directory has; what is larger is not one. */
const TEXT_BYTES_MAX = 64 * 1024;

/** What the original's AtomicFileOutputStream and AtomicFileWritingIdiom add to a name until the file is whole. */
export const TMP_EXTENSION = ".tmp";

/**
 * Replaces a small file in one step: written beside it, synced, renamed over it, and the folder synced, so that after a crash at
 * any point there is the old content or the new.
 */
export async function writeFileAtomically(disk: Disk, path: string, content: string | Uint8Array): Promise<void> {
  const temporary = path + TMP_EXTENSION;
  await removeIfThere(disk, temporary);
  const file = await disk.open(temporary, "create");
  try {
    await file.append(typeof content === "string" ? new TextEncoder().encode(content) : content);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, path);
  await disk.syncDirectory(dirname(path));
}

/**
 * Replaces a file by its first `size` bytes, in one step as well. A cut in place that fails to sync is seen by the next process, which
 * cannot tell that a power failure undoes it.
 */
export async function cutFileAtomically(disk: Disk, path: string, size: number): Promise<void> {
  const temporary = path + TMP_EXTENSION;
  await removeIfThere(disk, temporary);
  const from = await disk.open(path, "read");
  try {
    const to = await disk.open(temporary, "create");
    try {
      for (let at = 0; at < size; at += BATCH_BYTES_MAX) {
        await to.append(await from.read(at, Math.min(BATCH_BYTES_MAX, size - at)));
      }
      await to.sync();
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
  await disk.rename(temporary, path);
  await disk.syncDirectory(dirname(path));
}

/** A small file as text. Rejects with `ENOENT` where there is none. */
export async function readTextFile(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, "read");
  try {
    const size = await file.size();
    if (size > TEXT_BYTES_MAX)
      throw new RefusedError("FILE_TOO_LARGE", `${path} has ${size} bytes, which is no text of ours`);
    return new TextDecoder().decode(await file.read(0, size));
  } finally {
    await file.close();
  }
}

export async function removeIfThere(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.remove(path);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
