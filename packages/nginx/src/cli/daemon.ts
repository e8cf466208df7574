/**
 * `daemon on`: the server runs as a detached process of its own, and the command ends when that process serves or has failed. The
 * original forks; a process of Node cannot, so it is started anew and says over descriptor 3 when it is ready.
 */
import { spawn } from "node:child_process";
import { closeSync, writeSync } from "node:fs";

const MARK = "ORDINAL_NGINX_DAEMON";
const READY_DESCRIPTOR = 3;

/** Whether this process is the detached one. */
export function isDaemon(): boolean {
  return process.env[MARK] === "1";
}

/** Tells the waiting command that the server serves. */
export function daemonReady(): void {
  delete process.env[MARK];
  writeSync(READY_DESCRIPTOR, "1");
  closeSync(READY_DESCRIPTOR);
}

/** Resolves with the exit code for the command. */
export function startDaemon(args: readonly string[]): Promise<number> {
  const script = process.argv[1] ?? "";
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env: { ...process.env, [MARK]: "1" },
  });
  child.stderr?.pipe(process.stderr, { end: false });
  return new Promise((resolve) => {
    child.stdio[READY_DESCRIPTOR]?.on("data", () => {
      child.unref();
      resolve(0);
    });
    child.on("exit", (code) => resolve(code ?? 1));
    child.on("error", () => resolve(1));
  });
}
