import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

import { spawn as spawnTerminal, type IPty } from "@lydell/node-pty";

import { cells } from "./watch-log.ts";

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const COMMAND_TIMEOUT_MS = 240_000;

/** Terminal B: one command to its end, in a shell as a person's. */
export function run(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-c", command], { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    const timer = setTimeout(() => {
      endGroup(child);
      reject(new Error(`${command}: no end after ${COMMAND_TIMEOUT_MS / 1000} s\n${stdout}${stderr}`));
    }, COMMAND_TIMEOUT_MS);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, exitCode: code ?? -1 });
    });
  });
}

/** Terminal A: a command that keeps printing rows until it is stopped. */
export class WatchTerminal {
  readonly rows: string[] = [];
  readonly command: string;
  readonly #child: ChildProcess;

  constructor(command: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.command = command;
    this.#child = spawn("bash", ["-c", `exec ${command}`], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    let rest = "";
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      this.rows.push(...lines.map(cells));
    });
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  stop(): void {
    endGroup(this.#child);
  }
}

/** An interactive session in a pseudo-terminal: type a line, read until the next prompt or the end. */
export class ShellTerminal {
  readonly #pty: IPty;
  #output = "";
  #exit: number | undefined;

  constructor(command: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.#pty = spawnTerminal("bash", ["-c", command], { cwd, env, cols: 120, rows: 40, name: "xterm" });
    this.#pty.onData((data) => (this.#output += data));
    this.#pty.onExit(({ exitCode }) => (this.#exit = exitCode));
  }

  type(line: string): void {
    this.#output = "";
    this.#pty.write(`${line}\n`);
  }

  /** What was printed since the last line typed, up to a prompt or the session's end. */
  async untilPrompt(timeoutMs: number): Promise<{ readonly text: string; readonly exitCode: number | undefined }> {
    const deadline = Date.now() + timeoutMs;
    let pressed = false;
    for (;;) {
      const text = this.#output.replaceAll("\r", "").replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
      if (this.#exit !== undefined || /(^|\n)[^\n]*[#$] $/.test(text)) return { text, exitCode: this.#exit };
      // The prompt may have come before kubectl attached; kubectl says so, and a person presses enter.
      if (!pressed && text.includes("try pressing enter")) {
        pressed = true;
        this.#pty.write("\n");
      }
      if (Date.now() > deadline) throw new Error(`no prompt after ${timeoutMs / 1000} s; the terminal shows:\n${text}`);
      await delay(20);
    }
  }

  stop(): void {
    if (this.#exit === undefined) this.#pty.kill("SIGKILL");
  }
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
}
