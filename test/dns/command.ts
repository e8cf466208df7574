import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../packages/dns/bin/ordinal-dns.js", import.meta.url));

export interface RunningCommand {
  readonly port: number;
  /** Of the process that serves, where the tests run on a Node that runs TypeScript. */
  readonly pid: number;
  /** Everything it has written to standard output and standard error. */
  readonly output: () => string;
  /** Interrupts it as Ctrl-C does; its exit code. */
  readonly stop: () => Promise<number | null>;
}

/** `ordinal-dns` with these arguments, once it serves; it listens on a free port of 127.0.0.1. */
export async function startCommand(words: readonly string[]): Promise<RunningCommand> {
  const child = spawn(process.execPath, [LAUNCHER, ...words, "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const ready = new Promise<number>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        const port = /serving .* on 127\.0\.0\.1:([0-9]+) /.exec(text)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
    }
    child.on("exit", () => reject(new Error(`ordinal-dns ended: ${text}`)));
  });
  const port = await ready;
  const stop = async () => {
    if (child.exitCode !== null) return child.exitCode;
    const exited = once(child, "exit") as Promise<[number | null]>;
    child.kill("SIGINT");
    return (await exited)[0];
  };
  return { port, pid: child.pid ?? 0, output: () => text, stop };
}

/** Runs it to its end. */
export function runCommand(words: readonly string[]): {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LAUNCHER, ...words], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { code: status, stdout, stderr };
}

/** Why a program cannot be used here; null if it can. */
export function missing(program: string): string | null {
  return spawnSync(program, ["-v"]).error === undefined ? null : `${program} is not installed`;
}

/** A program's lines, without waiting for the loop of this process. */
export async function lines(
  program: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string[]> {
  const child = spawn(program, words, { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => void (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => void (text += chunk.toString()));
  await once(child, "close");
  return text.split("\n").filter((line) => line !== "");
}
