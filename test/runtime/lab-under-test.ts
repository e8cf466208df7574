import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { descendantsOf } from "../../packages/kubernetes/src/runtime/process-tree.ts";
import type { RunnerAnswer, RunnerRequest } from "./case-runner.ts";

/** An ordinary user for tests that run as root; needs no account. */
export const ORDINARY_USER = 64_123;

export interface LabUser {
  readonly name: string;
  readonly uid: number;
}

/** Whoever runs the tests, and an ordinary user beside root. */
export function usersToTest(): readonly LabUser[] {
  const uid = process.getuid?.() ?? 0;
  const self = { name: uid === 0 ? "root" : "an ordinary user", uid };
  return uid === 0 ? [self, { name: "an ordinary user", uid: ORDINARY_USER }] : [self];
}

/** A case runner in processes of its own, with a home whose path has blanks. */
export class LabUnderTest {
  readonly home: string;
  readonly userNamespace: string;
  readonly launcher: ChildProcess;
  readonly #kind: "namespaces" | "processes";
  readonly #scratch: string;
  readonly #ended: Promise<void>;

  private constructor(
    kind: "namespaces" | "processes",
    scratch: string,
    home: string,
    launcher: ChildProcess,
    userNamespace: string,
  ) {
    this.#kind = kind;
    this.#scratch = scratch;
    this.home = home;
    this.launcher = launcher;
    this.userNamespace = userNamespace;
    this.#ended = new Promise((resolve) => launcher.once("exit", () => resolve()));
  }

  static async start(kind: "namespaces" | "processes", user: LabUser, subnet: string): Promise<LabUnderTest> {
    const scratch = realpathSync(mkdtempSync(join(tmpdir(), "runtime test ")));
    chmodSync(scratch, 0o755);
    const home = join(scratch, "a home, with: blanks");
    mkdirSync(home, { recursive: true });
    const asUser = user.uid === process.getuid?.() ? [] : ["setpriv", "--reuid", user.uid, "--regid", user.uid];
    if (asUser.length > 0) {
      chownSync(home, user.uid, user.uid);
      asUser.push("--clear-groups", "--");
    }
    const script = kind === "namespaces" ? "launcher.ts" : "case-runner.ts";
    const command = [...asUser.map(String), process.execPath, join(import.meta.dirname, script), kind, home, subnet];
    const launcher = spawn(command[0] ?? "", command.slice(1), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { PATH: process.env["PATH"], HOME: home, TMPDIR: scratch },
    });
    if (asUser.length > 0) chownSync(scratch, user.uid, user.uid);
    const ready = await new Promise<RunnerAnswer>((resolve, reject) => {
      launcher.once("message", resolve);
      launcher.once("exit", (code) => reject(new Error(`the case runner ended with ${code}`)));
    });
    if (!("ready" in ready)) throw new Error("the case runner said something else than ready");
    return new LabUnderTest(kind, scratch, home, launcher, ready.ready.userNamespace);
  }

  /** Runs one case and resolves with its name. Rejects with its failure. */
  run(name: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const listen = (answer: RunnerAnswer) => {
        if (!("ran" in answer) || answer.ran !== name) return;
        this.launcher.off("message", listen);
        if (answer.failure === undefined) resolve(name);
        else reject(new Error(answer.failure));
      };
      this.launcher.on("message", listen);
      this.launcher.send({ run: name } satisfies RunnerRequest);
    });
  }

  /** Processes of the machine inside the lab's user namespace or one below it; none for plain processes. */
  processesInside(): readonly number[] {
    if (this.#kind === "processes") return [];
    const inside = readdirSync("/proc")
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && userNamespaceOf(pid) === this.userNamespace);
    return [...new Set([...inside, ...inside.flatMap(descendantsOf)])];
  }

  async stop(): Promise<void> {
    if (this.launcher.connected) this.launcher.disconnect();
    await this.#ended;
    await noneLeft(() => this.processesInside());
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  /** As `kill -9` of the lab. */
  async killHard(): Promise<void> {
    this.launcher.kill("SIGKILL");
    await this.#ended;
  }
}

/** Waits until `find` finds nothing; rejects with what it still finds after ten seconds. */
export async function noneLeft(find: () => readonly unknown[]): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (let left = find(); left.length > 0; left = find()) {
    if (Date.now() > deadline) throw new Error(`still there: ${left.join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function userNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/user`);
  } catch {
    return undefined;
  }
}
