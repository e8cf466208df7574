import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";

import type { Image } from "@ordinal/images";
import type { Log } from "@ordinal/io";

/** Not while the first pods of a start want the processors. */
const DELAY_MS = 1000;
const TIMEOUT_MS = 10_000;
/** As `nice -n`: pods go first. */
const NICENESS = 10;

/**
 * What Node compiled of the images' programs, by which the second start of a program takes half the time of the first.
 * Containers see it read-only: whoever could write it would choose the code that the other pods run. So it is not they who
 * fill it but the agent, which runs each image's `warmUp` commands once; those are this project's own programs.
 */
export class CompileCache {
  readonly directory: string;
  readonly #log: Log;
  readonly #known = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #running = new Set<ChildProcess>();
  #work: Promise<void> = Promise.resolve();

  /** Makes the folder. */
  constructor(directory: string, log: Log) {
    this.directory = directory;
    this.#log = log;
    mkdirSync(directory, { recursive: true });
  }

  /** Fills the cache for an image's programs, some time later, one command at a time, each once. */
  fill(image: Image): void {
    for (const command of image.warmUp ?? []) {
      const key = command.join("\0");
      if (this.#known.has(key)) continue;
      this.#known.add(key);
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#work = this.#work.then(() => this.#run(command));
      }, DELAY_MS).unref();
      this.#timers.add(timer);
    }
  }

  /** Lets processes of this user find it: Node puts the user's number into the name of the folder that it looks for. */
  shareWith(user: number): void {
    const own = `-${process.getuid?.() ?? 0}`;
    const entries = readdirSync(this.directory);
    for (const entry of entries) {
      if (!entry.endsWith(own)) continue;
      const alias = `${entry.slice(0, -own.length)}-${user}`;
      if (!entries.includes(alias)) symlinkSync(entry, join(this.directory, alias));
    }
  }

  /** Ends what is under way. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const child of this.#running) child.kill("SIGKILL");
  }

  #run([file = "", ...args]: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const child = spawn(file, args, {
        stdio: "ignore",
        cwd: "/",
        env: { NODE_COMPILE_CACHE: this.directory },
        timeout: TIMEOUT_MS,
        killSignal: "SIGKILL",
      });
      this.#running.add(child);
      const done = (error?: Error) => {
        if (error !== undefined) this.#log.debug("compile-cache-not-filled", { file, error: error.message });
        this.#running.delete(child);
        resolve();
      };
      child.once("error", done);
      child.once("exit", () => done());
      try {
        if (child.pid !== undefined) setPriority(child.pid, NICENESS);
      } catch {
        // It ended already, or the machine has no such thing.
      }
    });
  }
}
