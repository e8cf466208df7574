import { spawn } from "node:child_process";
import { closeSync, constants, openSync, readlinkSync } from "node:fs";
import { Socket } from "node:net";

import { descendantsOf, sendSignal } from "./process-tree.ts";

/** Pipes made at a time: one shell makes them all, off the path of who needs one. */
const BATCH = 32;
const LOW = 8;

/** Every member of the pipeline says that it runs, then waits until it is killed. */
const MEMBER = "{ echo >&3; read -r _; }";
const PIPELINE = Array.from({ length: BATCH + 1 }, () => MEMBER).join(" | ");

/**
 * Pipes for the standard streams of containers. Node's own are sockets, which a program cannot open again as /dev/stdout,
 * and Node throws away what a short command leaves in them; named pipes make who opens /dev/stdin after its end wait for
 * ever. Node cannot make plain pipes either: these come out of a shell's pipeline, through /proc.
 */
export class PipePool {
  readonly #sh: string;
  /** Descriptors of pipes, open for reading and writing. */
  readonly #ready: number[] = [];
  #filling: Promise<void> | undefined;

  constructor(sh: string) {
    this.#sh = sh;
    this.#fill().catch(() => {});
  }

  /** Takes `count` pipes; `openPipe` each, or close it. Rejects when the machine has no processes or descriptors left. */
  async take(count: number): Promise<readonly number[]> {
    while (this.#ready.length < count) await this.#fill();
    const taken = this.#ready.splice(0, count);
    if (this.#ready.length < LOW) this.#fill().catch(() => {});
    return taken;
  }

  /** Gives back the pipes that nobody took. */
  drain(): void {
    for (const fd of this.#ready.splice(0)) closeSync(fd);
  }

  #fill(): Promise<void> {
    this.#filling ??= this.#make().finally(() => (this.#filling = undefined));
    return this.#filling;
  }

  async #make(): Promise<void> {
    const shell = spawn(this.#sh, ["-c", PIPELINE], { stdio: ["pipe", "ignore", "ignore", "pipe"], detached: true });
    shell.stdin?.on("error", () => {});
    let said = 0;
    await new Promise<void>((resolve, reject) => {
      shell.once("error", reject);
      shell.once("exit", () => reject(new Error("the shell that makes pipes ended")));
      shell.stdio[3]?.on("data", (data: Buffer) => {
        said += data.length;
        if (said === BATCH + 1) resolve();
      });
    });
    const gone = new Promise((resolve) => shell.once("exit", resolve));
    const members = descendantsOf(shell.pid ?? 0);
    for (const member of members) {
      const path = `/proc/${member}/fd/1`;
      if (readlinkSync(path).startsWith("pipe:")) this.#ready.push(openSync(path, constants.O_RDWR));
    }
    // The shell itself ends when all members have, and leaves no zombies that way.
    for (const member of members) sendSignal(member, "SIGKILL");
    await gone;
  }
}

export interface OpenPipe {
  /** Our end. */
  readonly stream: Socket;
  /** The program's end, blocking: give it to `spawn`, then close it. */
  readonly fd: number;
}

/** Turns a pipe of the pool into two ends. */
export function openPipe(pipe: number, direction: "to the program" | "from the program"): OpenPipe {
  const path = `/proc/self/fd/${pipe}`;
  try {
    const toProgram = direction === "to the program";
    const ours = openSync(path, (toProgram ? constants.O_WRONLY : constants.O_RDONLY) | constants.O_NONBLOCK);
    const fd = openSync(path, toProgram ? constants.O_RDONLY : constants.O_WRONLY);
    return { stream: new Socket({ fd: ours, readable: !toProgram, writable: toProgram }), fd };
  } finally {
    closeSync(pipe);
  }
}
