import { CuttableNet, realClock, realNet, systemErrorCode } from "@ordinal/io";

import { realServerPorts } from "../server/real-ports.ts";
import type { RunningServer } from "../server/server.ts";
import { EnsembleError } from "./ensemble-error.ts";
import { HeldPorts } from "./held-ports.ts";
import type { Member, MemberStatus } from "./member.ts";
import { LineFile, runMember, startProblem, statusOf } from "./run-member.ts";

export interface MemberInProcessOptions {
  readonly sid: number;
  readonly configFile: string;
  readonly properties: Readonly<Record<string, string>>;
  /** What it logs is added there. */
  readonly logFile: string;
  /** Where the log is found, or how to have one, as a sentence. */
  readonly logHint: string;
}

interface Life {
  readonly held: HeldPorts;
  readonly log: LineFile;
  server: RunningServer | undefined;
}

/** A server in this process. */
export class MemberInProcess implements Member {
  readonly pid = undefined;
  readonly #options: MemberInProcessOptions;
  readonly #net = new CuttableNet(realNet, realClock);
  #life: Life | undefined;
  #isPaused = false;

  constructor(options: MemberInProcessOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#life !== undefined;
  }

  async start(cut: readonly string[]): Promise<void> {
    const { sid, configFile, properties, logFile, logHint } = this.#options;
    this.#net.cut(cut);
    this.#isPaused = false;
    const log = new LineFile(logFile);
    const life: Life = { held: new HeldPorts({ ...realServerPorts, net: this.#net }), log, server: undefined };
    this.#life = life;
    try {
      const { ports } = life.held;
      const server = await runMember({ ports, configFile, properties, write: (line) => this.#write(life, line) });
      life.server = server;
      void server.failed.then(() => this.#end(life));
    } catch (error) {
      await this.#end(life);
      const code = systemErrorCode(error);
      const hint = code === undefined ? `. ${logHint}` : "";
      throw new EnsembleError(`server ${sid} does not start: ${startProblem(error)}${hint}`, { code, cause: error });
    }
  }

  #write(life: Life, line: string): void {
    if (this.#life === life) life.log.write(line);
  }

  async #end(life: Life): Promise<void> {
    if (this.#life !== life) return;
    this.#life = undefined;
    await life.held.end();
    this.#net.cut([]); // what is left of its connections: a dead process has none
    life.log.close();
  }

  async kill(): Promise<void> {
    if (this.#life !== undefined) await this.#end(this.#life);
  }

  pause(): Promise<void> {
    this.#isPaused = true;
    this.#life?.held.hold();
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.#isPaused = false;
    this.#life?.held.release();
    return Promise.resolve();
  }

  cut(addresses: readonly string[]): Promise<void> {
    this.#net.cut(addresses);
    return Promise.resolve();
  }

  status(): Promise<MemberStatus | undefined> {
    const server = this.#isPaused ? undefined : this.#life?.server;
    return Promise.resolve(server === undefined ? undefined : statusOf(server));
  }
}
