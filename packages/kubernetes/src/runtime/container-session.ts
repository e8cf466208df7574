import { Writable, type Readable } from "node:stream";

import type { ContainerSession, ExecOptions } from "../api/node.ts";
import type { ContainerExit } from "./pod-runtime.ts";

/** A started command, whatever runtime started it. */
export interface SessionProcess {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable | undefined;
  resize(columns: number, rows: number): void;
  readonly exited: Promise<ContainerExit>;
  /** Ends the command and everything it started. */
  killAll(): void;
}

/** The session of a command that a client runs in a container. Outputs nobody asked for are read and dropped. */
export function execSession(
  process: SessionProcess,
  wanted: Pick<ExecOptions, "stdin" | "stdout" | "stderr">,
): ContainerSession {
  const { stdout, stderr } = process;
  const drained = Promise.all([ended(stdout), ended(stderr)]);
  if (!wanted.stdout) stdout.resume();
  if (!wanted.stderr) stderr?.resume();
  let over = false;
  const exited = (async () => {
    const { exitCode } = await process.exited;
    await drained;
    over = true;
    return { exitCode };
  })();
  return {
    stdin: wanted.stdin ? process.stdin : undefined,
    stdout: wanted.stdout ? stdout : undefined,
    stderr: wanted.stderr ? stderr : undefined,
    resize: (columns, rows) => process.resize(columns, rows),
    exited,
    close() {
      if (over) return;
      process.killAll();
      process.stdin?.destroy();
      stdout.destroy();
      stderr?.destroy();
    },
  };
}

/** Resolves when a stream gave all it had, or was given up. */
function ended(stream: Readable | undefined): Promise<void> {
  if (stream === undefined || stream.closed) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once("end", resolve).once("close", resolve).once("error", resolve);
  });
}

/**
 * One attached client's way to a container's standard input. The container's own input ends with the client's only when
 * `once` says so, as `stdinOnce` does; `onEnd` is called then.
 */
export function attachedStdin(target: Writable, once: boolean, onEnd: () => void): Writable {
  const end = () => {
    if (!once) return;
    onEnd();
    target.end();
  };
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      // What a container that ended no longer reads is dropped.
      if (target.destroyed || target.writableEnded) done();
      else target.write(chunk, () => done());
    },
    final(done) {
      end();
      done();
    },
    destroy(error, done) {
      if (!target.writableEnded) end();
      done(error);
    },
  });
}
