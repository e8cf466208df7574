/** An open file. Positions and sizes are in bytes. Calls on one file do not overlap: await each before the next. */
export interface DiskFile {
  size(): Promise<number>;
  /** When the contents last changed, in milliseconds since the epoch. */
  modifiedMs(): Promise<number>;
  /** Up to `length` bytes from `position` on; fewer only where the file ends. */
  read(position: number, length: number): Promise<Uint8Array>;
  /** Adds all bytes at the end or rejects; after a rejection some of them may be there. As `write` at the file's size. */
  append(bytes: Uint8Array): Promise<void>;
  /**
   * Writes all bytes at `position` over what is there, and makes the file longer if need be, with zeros up to `position`; or
   * rejects, after which some of them may be there. A power failure before the next sync keeps any of the 512-byte sectors that
   * were written, in any order, and the old content of the others.
   */
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** Cuts the file to `size`, which is not more than it has. */
  truncate(size: number): Promise<void>;
  /**
   * Resolves once contents and size are on disk. After a rejection nobody knows what is: the system may have dropped what it
   * could not write, and a later sync succeeds without it. Do not try again; recover from what a fresh start reads.
   */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Files as a write-ahead log needs them. A power failure loses what was not synced: contents by the file's `sync`, names (a file
 * that was created, renamed or removed) by `syncDirectory`. Errors carry the system's codes: `ENOENT`, `EEXIST`, `ENOSPC`, `EIO`.
 */
export interface Disk {
  /**
   * - `read`: the file is there, and is not changed;
   * - `append`: the file is there;
   * - `create`: it is not there yet and is made, readable by this user only.
   */
  open(path: string, mode: "read" | "append" | "create"): Promise<DiskFile>;
  /** Gives a file another name in the same folder, in one step; a file that had this name is gone. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes a folder and those above it, if need be. */
  makeDirectory(path: string): Promise<void>;
  /** The names in a folder, in order. */
  list(directory: string): Promise<string[]>;
  syncDirectory(path: string): Promise<void>;
}
