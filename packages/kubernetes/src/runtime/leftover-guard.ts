import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Waits for the end of the process that feeds it, and remembers the sessions of the programs that run: words of a line are `begin ID`,
 * `end ID` and `release`, which ends it with nothing done. A shell waits because it is small; who sweeps is loaded only then.
 */
const WAIT_SCRIPT = `
trap '' HUP INT TERM
sessions=
while read -r action session; do
  case $action in
  begin) sessions="$sessions $session" ;;
  end)
    rest=
    for one in $sessions; do [ "$one" = "$session" ] || rest="$rest $one"; done
    sessions=$rest
    ;;
  release) exit 0 ;;
  esac
done
exec "$@" $sessions
`;

/**
 * A process beside the runtime of plain processes that outlives it, and then ends what the runtime's pods left: `setpriv --pdeathsig`
 * reaches their first processes only. Nothing is left for it to do when the runtime closes by itself.
 */
export class LeftoverGuard {
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;

  /** `run` is the mark that the pods of this runtime carry and those of no other. */
  constructor(shell: string, home: string, run: string) {
    const sweep = fileURLToPath(new URL("./leftover-guard-sweep.ts", import.meta.url));
    const command = [process.execPath, sweep, home, run];
    this.#process = spawn(shell, ["-c", WAIT_SCRIPT, "guard", ...command], {
      stdio: ["pipe", "ignore", "ignore"],
      cwd: "/",
      detached: true,
    });
    this.#ended = new Promise((resolve) => {
      this.#process.once("exit", () => resolve()).once("error", () => resolve());
    });
    this.#process.stdin?.on("error", () => {});
    this.#process.unref();
  }

  /** The program that leads this session has begun. */
  begin(session: number): void {
    this.#process.stdin?.write(`begin ${session}\n`);
  }

  /** Nothing of it is left: the number may soon be another's. */
  end(session: number): void {
    this.#process.stdin?.write(`end ${session}\n`);
  }

  async release(): Promise<void> {
    this.#process.stdin?.end("release\n");
    await this.#ended;
  }
}
