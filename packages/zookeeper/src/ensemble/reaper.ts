import { type ChildProcess, spawn } from "node:child_process";

/**
 * Kills the processes it was told of and removes the folder. A small one beside an ensemble does it however its owner ends,
 * `kill -9` included, also where a server is stopped and cannot see for itself that it is alone.
 */
const SCRIPT = `trap '' HUP INT TERM
pids=
while IFS= read -r line; do pids=$line; done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
[ -n "$1" ] || exit 0
for try in 1 2 3 4 5; do rm -rf -- "$1" 2>/dev/null && exit 0; sleep 1; done`;

export class Reaper {
  readonly #child: ChildProcess | undefined;
  readonly #exited: Promise<void>;

  /** @param directory what it removes at the end; undefined: nothing */
  constructor(directory: string | undefined) {
    if (process.platform === "win32") {
      this.#exited = Promise.resolve();
      return;
    }
    const child = spawn("/bin/sh", ["-c", SCRIPT, "ensemble-reaper", directory ?? ""], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      cwd: "/",
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve()); // no shell: what the ensemble does by itself has to do
    });
    child.stdin.on("error", () => {});
    child.unref();
    (child.stdin as unknown as { unref?: () => void }).unref?.();
  }

  /** From now on these, and no others. */
  watch(pids: readonly number[]): void {
    this.#child?.stdin?.write(`${pids.join(" ")}\n`);
  }

  /** Has it do its work now, and waits for that. */
  async end(): Promise<void> {
    this.#child?.ref();
    this.#child?.stdin?.end();
    await this.#exited;
  }
}
