import { open, stat, type FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";

import { formatLogTime, liveLog } from "./container-log.ts";

/** Which part of a run's log is wanted, as `kubectl logs` asks for it. */
export interface LogReadOptions {
  /** Go on while the container runs. */
  readonly follow: boolean;
  /** Each line begins with its time. */
  readonly timestamps: boolean;
  /** Only this many lines of the end; what follows later is not counted. */
  readonly tailLines?: number;
  /** Only lines of this time (milliseconds of wall time) or later. */
  readonly sinceMs?: number;
  /** No more than this many bytes altogether. */
  readonly limitBytes?: number;
}

/**
 * Reads the log that `ContainerLog` writes at `path`, with the older files that were rotated away. Ends at the end of the
 * log, or with `follow` when the container has ended. A missing log is an empty one. Destroy it to stop following.
 */
export function readContainerLog(path: string, options: LogReadOptions): Readable {
  const aborted = Promise.withResolvers<void>();
  const stream = Readable.from(logText(path, options, aborted.promise), { objectMode: false });
  stream.once("close", () => aborted.resolve());
  return stream;
}

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const SPACE = 0x20;

async function* logText(path: string, options: LogReadOptions, aborted: Promise<void>): AsyncGenerator<Buffer> {
  const since = options.sinceMs === undefined ? undefined : formatLogTime(options.sinceMs);
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const lines = new LineFormatter(since, options.timestamps);
  const source = logBytes(path, options, aborted);
  try {
    for await (const chunk of source) {
      const text = lines.add(chunk);
      if (text.length === 0) continue;
      yield text.subarray(0, Math.min(text.length, left));
      left -= text.length;
      if (left <= 0) return;
    }
  } finally {
    await source.return(undefined);
  }
}

/** The files' bytes from the first wanted line on, each piece ending with a whole line. */
async function* logBytes(path: string, options: LogReadOptions, aborted: Promise<void>): AsyncGenerator<Buffer> {
  let gaveUp = false;
  void aborted.then(() => (gaveUp = true));
  const files = await openLogFiles(path);
  try {
    let { index, position } = await startOf(files, options.tailLines);
    let rest = Buffer.alloc(0);
    for (;;) {
      // Asked before the file is read: what is written between the two is then read at once the next time round.
      const live = options.follow ? liveLog(path) : undefined;
      const change = live?.changed();
      const current = files[index];
      if (current !== undefined) {
        const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
        const { bytesRead } = await current.read(buffer, 0, CHUNK_BYTES, position);
        if (bytesRead > 0) {
          position += bytesRead;
          rest =
            rest.length === 0 ? buffer.subarray(0, bytesRead) : Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
          const end = rest.lastIndexOf(NEWLINE) + 1;
          if (end > 0) yield rest.subarray(0, end);
          rest = rest.subarray(end);
          continue;
        }
        if (index + 1 < files.length || (await openNewer(path, current, files))) {
          index += 1;
          position = 0;
          continue;
        }
      } else if (await openNewer(path, undefined, files)) {
        continue;
      }
      if (change === undefined || gaveUp) return;
      await Promise.race([change, aborted]);
      if (gaveUp) return;
    }
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

/** All files of a run, oldest first. */
async function openLogFiles(path: string): Promise<FileHandle[]> {
  const files: FileHandle[] = [];
  for (let age = 0; ; age++) {
    const file = await open(age === 0 ? path : `${path}.${age}`, "r").catch(() => undefined);
    if (file === undefined) {
      if (age === 0) continue;
      return files;
    }
    files.unshift(file);
  }
}

/**
 * Adds the file that came after `current` when that one was rotated away meanwhile. Its age tells which; when it is gone
 * altogether (the reader was too slow), the oldest one is next.
 */
async function openNewer(path: string, current: FileHandle | undefined, files: FileHandle[]): Promise<boolean> {
  const currentInode = current === undefined ? undefined : (await current.stat()).ino;
  const inodes: number[] = [];
  for (let age = 0; ; age++) {
    const found = await stat(age === 0 ? path : `${path}.${age}`).catch(() => undefined);
    if (found === undefined) break;
    inodes.push(found.ino);
  }
  const age = currentInode === undefined ? inodes.length : inodes.indexOf(currentInode);
  if (age === 0 || inodes.length === 0) return false;
  const next = (age === -1 ? inodes.length : age) - 1;
  const file = await open(next === 0 ? path : `${path}.${next}`, "r").catch(() => undefined);
  if (file === undefined) return false;
  files.push(file);
  return true;
}

/** Where the last `tailLines` lines begin, counted from the end over all files; the very beginning without a count. */
async function startOf(
  files: readonly FileHandle[],
  tailLines: number | undefined,
): Promise<{ index: number; position: number }> {
  if (tailLines === undefined) return { index: 0, position: 0 };
  let newlines = 0;
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let index = files.length - 1; index >= 0; index--) {
    const file = files[index];
    if (file === undefined) continue;
    let end = (await file.stat()).size;
    if (tailLines === 0) return { index, position: end };
    while (end > 0) {
      const start = Math.max(0, end - CHUNK_BYTES);
      const { bytesRead } = await file.read(buffer, 0, end - start, start);
      for (let at = bytesRead - 1; at >= 0; at--) {
        if (buffer[at] !== NEWLINE) continue;
        // The newline that ends the line before the first wanted one.
        newlines += 1;
        if (newlines > tailLines) return { index, position: start + at + 1 };
      }
      end = start;
    }
  }
  return { index: 0, position: 0 };
}

/** Turns `TIME STREAM TAG TEXT` lines into what people see. */
class LineFormatter {
  readonly #since: string | undefined;
  readonly #timestamps: boolean;
  #atLineStart = true;

  constructor(since: string | undefined, timestamps: boolean) {
    this.#since = since;
    this.#timestamps = timestamps;
  }

  /** `chunk` holds whole log lines. Lines that are not in the format are left out. */
  add(chunk: Buffer): Buffer {
    const parts: Buffer[] = [];
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(NEWLINE, start);
      const timeEnd = chunk.indexOf(SPACE, start);
      const streamEnd = chunk.indexOf(SPACE, timeEnd + 1);
      const tagEnd = chunk.indexOf(SPACE, streamEnd + 1);
      if (timeEnd !== -1 && streamEnd !== -1 && tagEnd !== -1 && tagEnd < end) {
        const isPart = chunk[streamEnd + 1] === 0x50;
        if (this.#since === undefined || chunk.toString("latin1", start, timeEnd) >= this.#since) {
          if (this.#timestamps && this.#atLineStart) parts.push(chunk.subarray(start, timeEnd + 1));
          parts.push(chunk.subarray(tagEnd + 1, isPart ? end : end + 1));
          this.#atLineStart = !isPart;
        }
      }
      start = end + 1;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }
}
