import { write } from "node:fs";
import { Readable, Writable } from "node:stream";

import { spawn as spawnPty } from "@lydell/node-pty";

import { exitStatus } from "./exit-status.ts";
import type { ContainerExit } from "./pod-runtime.ts";

/** A program behind a pseudo-terminal. */
export interface Terminal {
  readonly pid: number;
  readonly output: Readable;
  readonly input: Writable;
  resize(columns: number, rows: number): void;
  readonly exited: Promise<ContainerExit>;
}

const SIZE_MAX = 65_535;
/** A terminal whose program does not read is tried again after this. */
const FULL_RETRY_MS = 20;

/** Starts a program on a new terminal of 80 columns and 24 rows. Throws when the machine has no terminals left. */
export function openTerminal(
  file: string,
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly cwd: string },
): Terminal {
  const pty = spawnPty(file, [...args], { name: "xterm", cols: 80, rows: 24, encoding: null, ...options });
  const { fd } = pty as unknown as { readonly fd: number };
  let ended = false;
  const output = new Readable({ read: () => ended || pty.resume() });
  // With `encoding: null` the pieces are buffers, which the declared type does not know.
  pty.onData((data: string | Buffer) => {
    if (!output.push(typeof data === "string" ? Buffer.from(data) : data)) pty.pause();
  });
  const exited = new Promise<ContainerExit>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      ended = true;
      output.push(null);
      resolve(exitStatus(exitCode, signal));
    });
  });
  // The library takes any amount and keeps what the program does not read; here the client waits instead.
  const writeOut = (bytes: Buffer, done: () => void): void => {
    if (ended || bytes.length === 0) return done();
    write(fd, bytes, (error, written) => {
      if (error !== null && error.code !== "EAGAIN") done();
      else if (error !== null) setTimeout(() => writeOut(bytes, done), FULL_RETRY_MS);
      else writeOut(bytes.subarray(written), done);
    });
  };
  const input = new Writable({
    write: (chunk: Buffer, _encoding, done) => writeOut(chunk, done),
    // A terminal has no half-close; the end of input is what a person types for it.
    final: (done) => {
      writeOut(Buffer.from("\x04"), done);
    },
  });
  return {
    pid: pty.pid,
    output,
    input,
    exited,
    resize(columns, rows) {
      const isSize = (size: number) => Number.isInteger(size) && size > 0 && size <= SIZE_MAX;
      if (!ended && isSize(columns) && isSize(rows)) pty.resize(columns, rows);
    },
  };
}
