import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { nodeBinary } from "@ordinal/io";

import { EnsembleError } from "./ensemble-error.ts";
import type { MemberAnswer, MemberRequest } from "./member-messages.ts";
import type { Member, MemberStatus } from "./member.ts";

const ENTRY = fileURLToPath(new URL("./member-entry.ts", import.meta.url));
/** A process that cannot answer for so long is as good as paused. */
const ANSWER_TIMEOUT_MS = 2000;
const START_TIMEOUT_MS = 60_000;
const KILL_TIMEOUT_MS = 10_000;
const STOPPED_TIMEOUT_MS = 1000;

export interface MemberProcessOptions {
  readonly sid: number;
  readonly configFile: string;
  readonly properties: Readonly<Record<string, string>>;
  /** What it logs is added there. */
  readonly logFile: string;
  /** Where the log is found, or how to have one, as a sentence. */
  readonly logHint: string;
  /** The process was started, or is gone. */
  readonly onPid: () => void;
}

/** A server in a process of its own, which ends with this one. */
export class MemberProcess implements Member {
  readonly #options: MemberProcessOptions;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #isPaused = false;
  #lastId = 0;
  readonly #waiting = new Map<number, (answer: MemberAnswer | undefined) => void>();
  #failure: (MemberAnswer & { kind: "failed" }) | undefined;

  constructor(options: MemberProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  async start(cut: readonly string[]): Promise<void> {
    const { sid, configFile, properties, logHint } = this.#options;
    this.#failure = undefined;
    this.#isPaused = false;
    this.#spawn();
    const answer = await this.#ask(
      { kind: "start", id: ++this.#lastId, configFile, properties, cut },
      START_TIMEOUT_MS,
    );
    if (answer?.kind === "done") return;
    const failure = this.#failure as (MemberAnswer & { kind: "failed" }) | undefined;
    const isHere = this.isRunning;
    await this.kill();
    const reason = failure?.reason ?? (isHere ? `no answer within ${START_TIMEOUT_MS} ms` : "its process ended");
    const code = failure?.code;
    throw new EnsembleError(`server ${sid} does not start: ${reason}${code === undefined ? `. ${logHint}` : ""}`, {
      code,
    });
  }

  #spawn(): void {
    const output = openSync(this.#options.logFile, "a");
    // In a process group of its own: a terminal's Ctrl-C is for who started it.
    const child = spawn(nodeBinary(ENTRY), [ENTRY, this.#options.configFile], {
      stdio: ["ignore", output, output, "ipc"],
      env: childEnvironment(),
      detached: true,
    });
    closeSync(output);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const gone = (): void => {
        if (this.#child === child) this.#gone();
        resolve();
      };
      child.once("exit", gone);
      child.once("error", gone);
    });
    child.on("message", (answer: MemberAnswer) => {
      if (answer.kind === "failed") this.#failure = answer;
      else this.#waiting.get(answer.id)?.(answer);
    });
    // A program that forgets its ensemble can end all the same.
    child.unref();
    child.channel?.unref();
    this.#options.onPid();
  }

  #gone(): void {
    this.#child = undefined;
    for (const settle of this.#waiting.values()) settle(undefined);
    this.#options.onPid();
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await within(KILL_TIMEOUT_MS, this.#exited);
  }

  async pause(): Promise<void> {
    this.#isPaused = true;
    this.#child?.kill("SIGSTOP");
    const deadline = performance.now() + STOPPED_TIMEOUT_MS;
    while (!isStopped(this.pid) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  resume(): Promise<void> {
    this.#isPaused = false;
    this.#child?.kill("SIGCONT");
    return Promise.resolve();
  }

  async cut(addresses: readonly string[]): Promise<void> {
    if (!this.isRunning) return;
    const asked = this.#ask({ kind: "cut", id: ++this.#lastId, cut: addresses }, ANSWER_TIMEOUT_MS);
    if (!this.#isPaused && (await asked) === undefined && this.isRunning) {
      throw new EnsembleError(`server ${this.#options.sid} does not answer; is it stopped from outside?`);
    }
  }

  async status(): Promise<MemberStatus | undefined> {
    if (!this.isRunning || this.#isPaused) return undefined;
    const answer = await this.#ask({ kind: "status", id: ++this.#lastId }, ANSWER_TIMEOUT_MS);
    return answer?.kind === "status" ? answer.status : undefined;
  }

  /** Undefined: the process ended, or the time was up. */
  async #ask(request: MemberRequest, timeoutMs: number): Promise<MemberAnswer | undefined> {
    const child = this.#child;
    if (child === undefined) return undefined;
    const answered = new Promise<MemberAnswer | undefined>((resolve) => {
      this.#waiting.set(request.id, resolve);
      child.send(request, (error) => (error === null ? undefined : resolve(undefined)));
    });
    try {
      return await within(timeoutMs, answered);
    } finally {
      this.#waiting.delete(request.id);
    }
  }
}

/** The signal has been sent before it takes effect. Where the system does not tell, it is believed to have. */
function isStopped(pid: number | undefined): boolean {
  try {
    return / [TtZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\)/s, ""));
  } catch {
    return true;
  }
}

/** What a promise gives within this time, else undefined. Keeps this process alive meanwhile, which the child does not. */
function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error as Error);
      },
    );
  });
}

/** Without what a test runner has told its own Node, and with compiled code kept as the commands keep it. */
function childEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...environment } = process.env;
  const cache =
    environment["NODE_COMPILE_CACHE"] ??
    environment["ORDINAL_COMPILE_CACHE"] ??
    join(environment["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "ordinal", "compile");
  return { ...environment, NODE_COMPILE_CACHE: cache };
}
