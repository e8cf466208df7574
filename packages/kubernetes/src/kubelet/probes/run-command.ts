import type { Readable } from "node:stream";

import type { RunningContainer } from "../../runtime/pod-runtime.ts";

/** Output kept of a probe's or hook's command. */
const OUTPUT_BYTES_MAX = 10 * 1024;

export interface CommandResult {
  readonly exitCode: number | undefined;
  /** Both outputs, at most 10 KiB. */
  readonly output: string;
}

/** Runs a command in a container to its end or for `timeoutMs`, then `exitCode` is undefined. Rejects when it cannot be started. */
export async function runCommand(
  container: RunningContainer,
  command: readonly string[],
  timeoutMs: number,
): Promise<CommandResult> {
  const session = await container.exec({ command, stdin: false, stdout: true, stderr: true, tty: false });
  const chunks: Buffer[] = [];
  let bytes = 0;
  const collect = (stream: Readable | undefined) => {
    stream?.on("data", (chunk: Buffer) => {
      if (bytes < OUTPUT_BYTES_MAX) chunks.push(chunk.subarray(0, OUTPUT_BYTES_MAX - bytes));
      bytes += chunk.length;
    });
    stream?.on("error", () => {});
  };
  collect(session.stdout);
  collect(session.stderr);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), timeoutMs)));
  const ended = await Promise.race([session.exited, timeout]);
  clearTimeout(timer);
  if (ended === undefined) session.close();
  return { exitCode: ended?.exitCode, output: Buffer.concat(chunks).toString() };
}
