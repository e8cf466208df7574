import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Log files of containers in the format of the container runtime interface
 * (kubernetes/design-proposals-archive, node/kubelet-cri-logging.md): `TIME STREAM TAG TEXT`, where the tag `P` marks a
 * part of a line that goes on in the next one of its stream.
 */
export type LogStream = "stdout" | "stderr";

export interface ContainerLogOptions {
  /** Size at which a file is rotated away; larger keeps more in one file, smaller loses old lines sooner. */
  readonly fileBytesMax: number;
  /** Files of one run kept, the current one included. */
  readonly filesMax: number;
  /** Sustained rate at which a container may write before it is held back; a flood must not starve the lab. */
  readonly bytesPerSecondMax: number;
}

const CONTAINER_LOG_DEFAULTS: ContainerLogOptions = {
  fileBytesMax: 10 * 1024 * 1024,
  filesMax: 5,
  bytesPerSecondMax: 16 * 1024 * 1024,
};

/** Longest text of one log line; longer lines of a container are written in parts. */
export const LOG_LINE_BYTES_MAX = 16 * 1024;

const NEWLINE = 0x0a;

/** Open logs of this process by path: readers that follow learn from them that there is more, or no more. */
const liveLogs = new Map<string, ContainerLog>();

/** The log that is being written at `path`, if its container still runs in this process. */
export function liveLog(path: string): ContainerLog | undefined {
  return liveLogs.get(path);
}

/** Writes one run's log. Each `write` resolves when its lines are in the file: await it before reading more output. */
export class ContainerLog {
  readonly path: string;
  readonly #options: ContainerLogOptions;
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #queue: Promise<void> = Promise.resolve();
  #rest = new Map<LogStream, Buffer>();
  #waiting: (() => void)[] = [];
  #closed = false;
  /** Bytes written beyond what the rate allows so far; decays with time. */
  #debtBytes = 0;
  #debtSince = performance.now();

  private constructor(path: string, options: ContainerLogOptions) {
    this.path = path;
    this.#options = options;
  }

  static async open(path: string, options: Partial<ContainerLogOptions> = {}): Promise<ContainerLog> {
    const log = new ContainerLog(path, { ...CONTAINER_LOG_DEFAULTS, ...options });
    await mkdir(dirname(path), { recursive: true });
    log.#file = await open(path, "a", 0o640);
    log.#fileBytes = (await log.#file.stat()).size;
    liveLogs.set(path, log);
    return log;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Adds output of the container. Rejects when the disk refuses it. */
  async write(stream: LogStream, chunk: Buffer): Promise<void> {
    const rest = this.#rest.get(stream);
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    const { lines, unfinished } = splitLines(bytes);
    if (unfinished.length > 0) this.#rest.set(stream, Buffer.from(unfinished));
    else this.#rest.delete(stream);
    await this.#append(stream, lines);
    await this.#payDebt(chunk.length);
  }

  /** Resolves at the next change: more lines, a rotation, or the end. At once when it has ended. */
  changed(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Writes what came without a final newline and closes the file. */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      for (const [stream, rest] of this.#rest) await this.#append(stream, [{ tag: "F", text: rest }]);
      await this.#queue;
      await this.#file?.close();
    } finally {
      this.#closed = true;
      this.#file = undefined;
      if (liveLogs.get(this.path) === this) liveLogs.delete(this.path);
      this.#wake();
    }
  }

  async #append(stream: LogStream, lines: readonly LogLine[]): Promise<void> {
    if (lines.length === 0) return;
    const bytes = formatLines(stream, lines);
    const before = this.#queue;
    const written = before.then(() => this.#writeOut(bytes));
    // A failure is the caller's; the next write tries again.
    this.#queue = written.catch(() => {});
    await written;
  }

  async #writeOut(bytes: Buffer): Promise<void> {
    if (this.#fileBytes > 0 && this.#fileBytes + bytes.length > this.#options.fileBytesMax) await this.#rotate();
    const file = this.#file;
    if (file === undefined) return;
    await file.appendFile(bytes);
    this.#fileBytes += bytes.length;
    this.#wake();
  }

  async #rotate(): Promise<void> {
    await this.#file?.close();
    const oldest = this.#options.filesMax - 1;
    await rm(`${this.path}.${oldest}`, { force: true });
    for (let age = oldest - 1; age >= 1; age--) {
      await rename(`${this.path}.${age}`, `${this.path}.${age + 1}`).catch(() => {});
    }
    await rename(this.path, `${this.path}.1`);
    this.#file = await open(this.path, "a", 0o640);
    this.#fileBytes = 0;
  }

  /** A bucket of one second's bytes: who is beyond it waits until enough time has passed. */
  async #payDebt(bytes: number): Promise<void> {
    const now = performance.now();
    const paid = ((now - this.#debtSince) / 1000) * this.#options.bytesPerSecondMax;
    this.#debtSince = now;
    this.#debtBytes = Math.max(0, this.#debtBytes - paid) + bytes;
    const excess = this.#debtBytes - this.#options.bytesPerSecondMax;
    if (excess <= 0) return;
    const waitMs = (excess / this.#options.bytesPerSecondMax) * 1000;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

interface LogLine {
  readonly tag: "F" | "P";
  readonly text: Buffer;
}

/** Whole lines as `F`, every 16 KiB of a longer one as `P`; what remains may still grow. */
function splitLines(bytes: Buffer): { readonly lines: readonly LogLine[]; readonly unfinished: Buffer } {
  const lines: LogLine[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(NEWLINE, start);
    const length = (end === -1 ? bytes.length : end) - start;
    if (length > LOG_LINE_BYTES_MAX) {
      lines.push({ tag: "P", text: bytes.subarray(start, start + LOG_LINE_BYTES_MAX) });
      start += LOG_LINE_BYTES_MAX;
      continue;
    }
    if (end === -1) break;
    lines.push({ tag: "F", text: bytes.subarray(start, end) });
    start = end + 1;
  }
  return { lines, unfinished: bytes.subarray(start) };
}

function formatLines(stream: LogStream, lines: readonly LogLine[]): Buffer {
  const time = formatLogTime(performance.timeOrigin + performance.now());
  const parts: Buffer[] = [];
  const prefix = { F: Buffer.from(`${time} ${stream} F `), P: Buffer.from(`${time} ${stream} P `) };
  const newline = Buffer.of(NEWLINE);
  for (const { tag, text } of lines) parts.push(prefix[tag], text, newline);
  return Buffer.concat(parts);
}

/** Milliseconds of wall time, with fractions, as RFC 3339 with nine digits: fixed width, so that times sort as text. */
export function formatLogTime(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  const nanoseconds = Math.floor((milliseconds - whole) * 1e6);
  return new Date(whole).toISOString().replace("Z", `${String(nanoseconds).padStart(6, "0")}Z`);
}
