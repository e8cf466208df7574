/**
 * What the file system says about paths, remembered for a moment. The original asks the kernel at every request, which in
 * JavaScript costs more than everything else of a request together; so an answer here is good for the rest of the event loop's
 * turn. All requests of a turn had arrived before its first question was asked, so none can have been sent after a change that it
 * does not see. `open_file_cache_valid` makes answers good for longer, as it does there.
 *
 * Small files are kept whole, up to a bound, and used again when size, times and inode are unchanged.
 */
import { closeSync, fstatSync, openSync, readSync, statSync, type Stats } from "node:fs";

export interface FoundFile {
  readonly kind: "file";
  readonly path: string;
  readonly size: number;
  /** Modification time in whole seconds, which is what ETag and Last-Modified carry. */
  readonly mtimeSeconds: number;
  /** The whole content of a small file. */
  readonly content: Buffer | undefined;
  /** Room for what is derived from the content by its users; dies with it. */
  ready: unknown;
}

export interface FoundFolder {
  readonly kind: "folder";
}

/** Neither file nor folder. */
export interface FoundOther {
  readonly kind: "other";
}

export interface NotFound {
  readonly kind: "error";
  /** `ENOENT`, … */
  readonly code: string;
  /** The call that failed, as the error log names it. */
  readonly call: "open()" | "stat()";
}

export type Found = FoundFile | FoundFolder | FoundOther | NotFound;

/** A file that is open for one response. */
export interface OpenedFile {
  readonly handle: number;
  readonly size: number;
  readonly mtimeSeconds: number;
}

interface Entry {
  found: Found;
  stats: Stats | undefined;
  turn: number;
  validatedAtMs: number;
  /** Changed so shortly before it was read that a further change may not show in its times. */
  racy: boolean;
}

export interface FileCacheOptions {
  /** Files up to this many octets are kept whole. Default 256 KiB. */
  readonly fileBytesMax?: number;
  /** Octets of all kept files together. Default 32 MiB. */
  readonly totalBytesMax?: number;
  /** Paths remembered. Default 4096. */
  readonly entriesMax?: number;
  /** Where a path of the configuration is on this machine. Default: where it says. */
  readonly mapPath?: (path: string) => string;
}

/** Kernels stamp files with the time of their last tick; a file that changed this shortly ago may change again unseen. */
const TIMESTAMP_GRANULARITY_MS = 20;

export class FileCache {
  readonly #entries = new Map<string, Entry>();
  readonly #fileBytesMax: number;
  readonly #totalBytesMax: number;
  readonly #entriesMax: number;
  readonly #mapPath: (path: string) => string;
  #totalBytes = 0;
  #turn = 0;
  #turnEnds = false;

  constructor(options: FileCacheOptions = {}) {
    this.#fileBytesMax = options.fileBytesMax ?? 256 * 1024;
    this.#totalBytesMax = options.totalBytesMax ?? 32 * 1024 * 1024;
    this.#entriesMax = options.entriesMax ?? 4096;
    this.#mapPath = options.mapPath ?? ((path) => path);
  }

  /** What is at `path` (a byte string), no older than this turn of the event loop, or than `validMs`. */
  find(path: string, validMs: number): Found {
    const entry = this.#entries.get(path);
    if (entry !== undefined && this.#isFresh(entry, validMs)) return entry.found;
    return this.#refresh(path, entry);
  }

  /** Opens a file that is too large to keep. */
  open(path: string): OpenedFile | NotFound {
    let handle: number;
    try {
      handle = openSync(this.systemPath(path), "r");
    } catch (error) {
      return { kind: "error", code: errorCode(error), call: "open()" };
    }
    try {
      const stats = fstatSync(handle);
      return { handle, size: stats.size, mtimeSeconds: Math.floor(stats.mtimeMs / 1000) };
    } catch (error) {
      closeSync(handle);
      return { kind: "error", code: errorCode(error), call: "stat()" };
    }
  }

  /** The path as the file system's calls take it: other octets than ASCII have no encoding, so they go as octets. */
  systemPath(path: string): string | Buffer {
    const mapped = this.#mapPath(path);
    // oxlint-disable-next-line no-control-regex
    return /^[\x00-\x7f]*$/.test(mapped) ? mapped : Buffer.from(mapped, "latin1");
  }

  #isFresh(entry: Entry, validMs: number): boolean {
    if (entry.turn === this.#turn && this.#turnEnds) return true;
    return validMs > 0 && Date.now() - entry.validatedAtMs < validMs;
  }

  #beginTurn(): void {
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    setImmediate(() => {
      this.#turnEnds = false;
      this.#turn++;
    });
  }

  #refresh(path: string, known: Entry | undefined): Found {
    this.#beginTurn();
    const systemPath = this.systemPath(path);
    let stats: Stats | undefined;
    let found: Found | undefined;
    try {
      stats = statSync(systemPath, { throwIfNoEntry: false });
    } catch (error) {
      found = { kind: "error", code: errorCode(error), call: "stat()" };
    }
    if (
      known !== undefined &&
      stats !== undefined &&
      known.stats !== undefined &&
      !known.racy &&
      isSame(stats, known.stats)
    ) {
      known.turn = this.#turn;
      known.validatedAtMs = Date.now();
      return known.found;
    }
    let racy = false;
    if (stats === undefined || found !== undefined) found = this.#whyMissing(systemPath, found);
    else if (stats.isDirectory()) found = { kind: "folder" };
    else if (!stats.isFile()) found = { kind: "other" };
    else {
      const loaded = this.#load(path, systemPath);
      found = loaded.found;
      stats = loaded.stats ?? stats;
      racy = Date.now() - Math.max(stats.mtimeMs, stats.ctimeMs) < TIMESTAMP_GRANULARITY_MS;
    }
    this.#remember(path, { found, stats, turn: this.#turn, validatedAtMs: Date.now(), racy });
    return found;
  }

  /** `stat` without an exception does not say which error it was; opening the path does. */
  #whyMissing(systemPath: string | Buffer, known: Found | undefined): Found {
    try {
      closeSync(openSync(systemPath, "r"));
    } catch (error) {
      return { kind: "error", code: errorCode(error), call: "open()" };
    }
    return known ?? { kind: "error", code: "ENOENT", call: "open()" };
  }

  #load(path: string, systemPath: string | Buffer): { found: Found; stats: Stats | undefined } {
    let handle: number;
    try {
      handle = openSync(systemPath, "r");
    } catch (error) {
      return { found: { kind: "error", code: errorCode(error), call: "open()" }, stats: undefined };
    }
    try {
      const stats = fstatSync(handle);
      const content = stats.size <= this.#fileBytesMax ? readWhole(handle, stats.size) : undefined;
      const size = content?.length ?? stats.size;
      return {
        found: { kind: "file", path, size, mtimeSeconds: Math.floor(stats.mtimeMs / 1000), content, ready: undefined },
        stats,
      };
    } catch (error) {
      return { found: { kind: "error", code: errorCode(error), call: "open()" }, stats: undefined };
    } finally {
      closeSync(handle);
    }
  }

  #remember(path: string, entry: Entry): void {
    this.#forget(path);
    this.#entries.set(path, entry);
    this.#totalBytes += contentBytes(entry);
    // The first entries of a Map are its oldest.
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax && this.#totalBytes <= this.#totalBytesMax) break;
      if (oldest !== path) this.#forget(oldest);
      else if (this.#entries.size === 1) break;
    }
  }

  #forget(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    this.#totalBytes -= contentBytes(entry);
  }
}

/** Content and the ready response made of it. */
function contentBytes(entry: Entry): number {
  return entry.found.kind === "file" && entry.found.content !== undefined ? 2 * entry.found.content.length : 0;
}

function isSame(a: Stats, b: Stats): boolean {
  return (
    a.mtimeMs === b.mtimeMs &&
    a.ctimeMs === b.ctimeMs &&
    a.size === b.size &&
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.mode === b.mode
  );
}

/** Up to `size` octets; fewer when the file was cut meanwhile. */
function readWhole(handle: number, size: number): Buffer {
  const content = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  while (filled < size) {
    const count = readSync(handle, content, filled, size - filled, filled);
    if (count === 0) break;
    filled += count;
  }
  return filled === size ? content : content.subarray(0, filled);
}

export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "EIO";
}
