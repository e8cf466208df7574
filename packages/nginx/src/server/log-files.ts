/**
 * Log files: opened for appending, written once per turn of the event loop, opened anew on SIGUSR1. What is no file of a disk
 * (a container's standard output is a pipe, a socket or a terminal) is written without waiting, through a queue that is bounded.
 */
import { closeSync, fstatSync, openSync, readlinkSync, write, writeSync } from "node:fs";

import { errorCode } from "../static/file-cache.ts";

/** Octets that wait for a reader of standard output; what comes on top is lost and counted. */
const QUEUE_BYTES_MAX = 1024 * 1024;

export class LogFile {
  readonly path: string;
  readonly #systemPath: string;
  #handle: number;
  #owned: boolean;
  #blocking: boolean;
  #pending = "";
  #scheduled = false;
  #writing = false;
  #lost = 0;

  /** Throws the system's error when it cannot be opened. */
  constructor(path: string, systemPath: string) {
    this.path = path;
    this.#systemPath = systemPath;
    ({ handle: this.#handle, owned: this.#owned } = openLog(systemPath));
    this.#blocking = fstatSync(this.#handle).isFile();
  }

  /** Appends a whole line, its line feed included. A byte string. */
  write(line: string): void {
    if (!this.#blocking && this.#pending.length > QUEUE_BYTES_MAX) {
      this.#lost++;
      return;
    }
    this.#pending += line;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** Throws when the new file cannot be opened; the old one stays then. */
  reopen(): void {
    this.flushNow();
    const next = openLog(this.#systemPath);
    if (this.#owned) closeSync(this.#handle);
    this.#handle = next.handle;
    this.#owned = next.owned;
    this.#blocking = fstatSync(this.#handle).isFile();
  }

  /** Writes what waits, as far as the file takes it at once. For the end of the process. */
  flushNow(): void {
    let data = Buffer.from(this.#pending, "latin1");
    this.#pending = "";
    try {
      while (data.length > 0) data = data.subarray(writeSync(this.#handle, data));
    } catch {
      // A full disk or a reader that went away: the server is not stopped by its log.
    }
  }

  #flush(): void {
    if (this.#pending === "" || this.#writing) return;
    if (this.#blocking) {
      this.flushNow();
      return;
    }
    const data = Buffer.from(this.#pending, "latin1");
    this.#pending = this.#lost === 0 ? "" : `${this.#lost} log lines were lost: nobody reads this log\n`;
    this.#lost = 0;
    this.#writing = true;
    this.#writeAll(data);
  }

  #writeAll(data: Buffer): void {
    write(this.#handle, data, (error, count) => {
      if (error === null && count < data.length) {
        this.#writeAll(data.subarray(count));
      } else if (error !== null && errorCode(error) === "EAGAIN") {
        setTimeout(() => this.#writeAll(data), FULL_PIPE_RETRY_MS).unref();
      } else {
        this.#writing = false;
        this.#flush();
      }
    });
  }
}

/** A non-blocking pipe that is full is tried again this much later. */
const FULL_PIPE_RETRY_MS = 20;

/** Standard output and error by whatever name: opening them anew fails where they are sockets. */
function openLog(path: string): { handle: number; owned: boolean } {
  const standard = standardHandle(path);
  if (standard !== undefined) return { handle: standard, owned: false };
  return { handle: openSync(path, "a", 0o644), owned: true };
}

function standardHandle(path: string, depth = 0): number | undefined {
  if (path === "stderr" || path === "/dev/stderr" || path === "/proc/self/fd/2" || path === "/dev/fd/2") return 2;
  if (path === "/dev/stdout" || path === "/proc/self/fd/1" || path === "/dev/fd/1") return 1;
  if (depth > 4) return undefined;
  try {
    const target = readlinkSync(path);
    return target.startsWith("/") ? standardHandle(target, depth + 1) : undefined;
  } catch {
    return undefined;
  }
}

/** The logs of a process by path. */
export class LogFiles {
  readonly #files = new Map<string, LogFile>();
  readonly #mapPath: (path: string) => string;

  constructor(mapPath: (path: string) => string) {
    this.#mapPath = mapPath;
  }

  /** Opens the log if it is not. Throws the system's error. */
  open(path: string): LogFile {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = new LogFile(path, this.#mapPath(path));
      this.#files.set(path, file);
    }
    return file;
  }

  get(path: string): LogFile | undefined {
    return this.#files.get(path);
  }

  /** Opens every log anew; `failed` is told about those that cannot be. */
  reopen(failed: (path: string, code: string) => void): void {
    for (const file of this.#files.values()) {
      try {
        file.reopen();
      } catch (error) {
        failed(file.path, errorCode(error));
      }
    }
  }

  flush(): void {
    for (const file of this.#files.values()) file.flushNow();
  }
}
