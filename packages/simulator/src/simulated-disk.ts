import { posix } from "node:path";

import { mustShareFolder, type Disk, type DiskFile } from "@ordinal/io";
import { defined, type SeededRandom } from "@ordinal/kit";

import type { DiskDevice } from "./disk-device.ts";
import { Inode, type PieceSurvival } from "./inode.ts";
import type { Life } from "./life.ts";
import { systemError } from "./system-error.ts";

interface NameChange {
  readonly directory: string;
  apply(names: Map<string, Inode>): void;
}

/** What a power failure leaves of what was not synced. */
export interface Survival {
  /** How many of the `count` changes of names in a folder reached the disk: the first so many. */
  readonly names: (directory: string, count: number) => number;
  /** Whether a piece of a file's unsynced writes did: a sector or a part of one, or a cut. */
  readonly pieces: (path: string) => PieceSurvival;
}

/** The files of a host, which outlive its processes. Folders are on the disk as soon as they are made. */
export class DiskFiles {
  readonly folders = new Set(["/"]);
  readonly names = new Map<string, Inode>();
  readonly #durableNames = new Map<string, Inode>();
  #changes: NameChange[] = [];
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  change(directory: string, apply: (names: Map<string, Inode>) => void): void {
    apply(this.names);
    this.#changes.push({ directory, apply });
  }

  /** Changes of names in this folder so far are on the disk from now on. */
  directorySynced(directory: string, changes: readonly NameChange[]): void {
    for (const change of changes) if (change.directory === directory) change.apply(this.#durableNames);
    this.#changes = this.#changes.filter((change) => change.directory !== directory || !changes.includes(change));
  }

  get unsyncedChanges(): readonly NameChange[] {
    return [...this.#changes];
  }

  /** Keeps of what was not synced what `survival` says, or what chance decides: of the names the first few in each folder. */
  powerFailure(survival: Survival | undefined): void {
    for (const [directory, changes] of Map.groupBy(this.#changes, (change) => change.directory)) {
      const kept = survival?.names(directory, changes.length) ?? this.#random.between(0, changes.length);
      for (const change of changes.slice(0, kept)) change.apply(this.#durableNames);
    }
    this.#changes = [];
    this.names.clear();
    for (const [path, inode] of this.#durableNames) this.names.set(path, inode);
    for (const [inode, path] of new Map([...this.names].map(([path, inode]) => [inode, path]))) {
      if (survival === undefined) inode.randomPowerFailure(this.#random);
      else inode.powerFailure(survival.pieces(path));
    }
  }
}

interface DiskParts {
  readonly files: DiskFiles;
  readonly device: DiskDevice;
  readonly life: Life;
  readonly note: (event: string, fields?: object) => void;
  /** The host's wall time, which files remember. */
  readonly nowMs: () => number;
}

/** The disk as one process of a host sees it. Paths are absolute or count from `/`. */
export class SimulatedDisk implements Disk {
  readonly #parts: DiskParts;

  constructor(parts: DiskParts) {
    this.#parts = parts;
  }

  async open(name: string, mode: "read" | "append" | "create"): Promise<DiskFile> {
    const { files, device, life } = this.#parts;
    const path = posix.resolve("/", name);
    if (mode === "create") await device.change(life);
    else await device.read(life);
    if (files.folders.has(path)) throw systemError(mode === "create" ? "EEXIST" : "EISDIR", "open", path);
    if (mode === "create") {
      this.#mustBeFolder(posix.dirname(path), "open");
      if (files.names.has(path)) throw systemError("EEXIST", "open", path);
      const inode = new Inode();
      files.change(posix.dirname(path), (names) => names.set(path, inode));
    }
    return new SimulatedFile(this.#parts, path, this.#inode(path, "open"), mode !== "read");
  }

  async rename(fromName: string, toName: string): Promise<void> {
    const { files, device, life } = this.#parts;
    const from = posix.resolve("/", fromName);
    const to = posix.resolve("/", toName);
    mustShareFolder(from, to);
    await device.change(life);
    const inode = this.#inode(from, "rename");
    if (files.folders.has(to)) throw systemError("EISDIR", "rename", to);
    if (from === to) return;
    device.freeBytes += files.names.get(to)?.size ?? 0;
    files.change(posix.dirname(from), (names) => {
      names.delete(from);
      names.set(to, inode);
    });
  }

  async remove(name: string): Promise<void> {
    const { files, device, life } = this.#parts;
    const path = posix.resolve("/", name);
    await device.change(life);
    const { size } = this.#inode(path, "rm");
    device.freeBytes += size;
    files.change(posix.dirname(path), (names) => names.delete(path));
  }

  async makeDirectory(name: string): Promise<void> {
    const { files, device, life } = this.#parts;
    await device.change(life);
    for (let path = posix.resolve("/", name); !files.folders.has(path); path = posix.dirname(path)) {
      if (files.names.has(path)) throw systemError("EEXIST", "mkdir", path);
      files.folders.add(path);
    }
  }

  async list(name: string): Promise<string[]> {
    const { files, device, life } = this.#parts;
    const directory = posix.resolve("/", name);
    await device.read(life);
    this.#mustBeFolder(directory, "scandir");
    return [...files.names.keys(), ...files.folders]
      .filter((path) => path !== "/" && posix.dirname(path) === directory)
      .map((path) => posix.basename(path))
      .sort();
  }

  async syncDirectory(name: string): Promise<void> {
    const { files, device, life, note } = this.#parts;
    const directory = posix.resolve("/", name);
    this.#mustBeFolder(directory, "open");
    const covered = files.unsyncedChanges;
    await device.sync(life);
    files.directorySynced(directory, covered);
    note("directory-synced", { directory });
  }

  #inode(path: string, syscall: string): Inode {
    const inode = this.#parts.files.names.get(path);
    if (inode === undefined) throw systemError("ENOENT", syscall, path);
    return inode;
  }

  #mustBeFolder(path: string, syscall: string): void {
    if (this.#parts.files.names.has(path)) throw systemError("ENOTDIR", syscall, path);
    if (!this.#parts.files.folders.has(path)) throw systemError("ENOENT", syscall, path);
  }
}

class SimulatedFile implements DiskFile {
  readonly #parts: DiskParts;
  readonly #path: string;
  readonly #writable: boolean;
  #inode: Inode | undefined;

  constructor(parts: DiskParts, path: string, inode: Inode, writable: boolean) {
    this.#parts = parts;
    this.#path = path;
    this.#inode = inode;
    this.#writable = writable;
  }

  async size(): Promise<number> {
    await this.#parts.device.read(this.#parts.life);
    return this.#open("fstat").size;
  }

  async modifiedMs(): Promise<number> {
    await this.#parts.device.read(this.#parts.life);
    return this.#open("fstat").modifiedMs;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    await this.#parts.device.read(this.#parts.life);
    return this.#open("read").read(position, length);
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.write(this.#open("write").size, bytes);
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    const inode = this.#open("write");
    this.#mustBeWritable("write");
    const copy = bytes.slice();
    const growth = Math.max(0, position + copy.length - inode.size);
    const room = await this.#parts.device.write(this.#parts.life, copy.length === 0 ? 0 : growth);
    const written = room < growth ? Math.max(0, copy.length - (growth - room)) : copy.length;
    inode.write(position, copy.subarray(0, written));
    inode.modifiedMs = this.#parts.nowMs();
    if (written < copy.length) throw systemError("ENOSPC", "write", this.#path);
  }

  async truncate(size: number): Promise<void> {
    const inode = this.#open("ftruncate");
    this.#mustBeWritable("ftruncate");
    if (size > inode.size) throw systemError("EINVAL", "ftruncate", this.#path);
    await this.#parts.device.write(this.#parts.life, 0);
    this.#parts.device.freeBytes += Math.max(0, inode.size - size);
    inode.truncate(size);
  }

  async sync(): Promise<void> {
    const inode = this.#open("fdatasync");
    const covered = inode.unsynced;
    try {
      await this.#parts.device.sync(this.#parts.life);
    } catch (error) {
      inode.syncFailed(covered);
      throw error;
    }
    inode.synced(covered);
    this.#parts.note("file-synced", { path: this.#path, bytes: inode.size });
  }

  async close(): Promise<void> {
    await this.#parts.device.read(this.#parts.life);
    this.#inode = undefined;
  }

  #open(syscall: string): Inode {
    if (this.#inode === undefined) throw systemError("EBADF", syscall, this.#path);
    return defined(this.#inode, "inode");
  }

  #mustBeWritable(syscall: string): void {
    if (!this.#writable) throw systemError("EBADF", syscall, this.#path);
  }
}
