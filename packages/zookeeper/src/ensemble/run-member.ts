import { closeSync, openSync, writeSync } from "node:fs";

import { explainSystemError, type Log, realClock } from "@ordinal/io";

import { createLog4jLog } from "../cli/log4j-log.ts";
import { loadServerConfig } from "../config/load-shell.ts";
import { formatProblem } from "../config/zoo-cfg.ts";
import { epochOf } from "../jute/zxid.ts";
import { realMachine } from "../server/real-machine.ts";
import { type RunningServer, type ServerPorts, startZooKeeper } from "../server/server.ts";
import type { MemberStatus } from "./member.ts";

export interface RunMemberOptions {
  readonly ports: ServerPorts;
  readonly configFile: string;
  readonly properties: Readonly<Record<string, string>>;
  /** Takes the lines of its log. */
  readonly write: (line: string) => void;
}

/** Starts a server by its zoo.cfg. Rejects with one sentence for each problem. */
export async function runMember(options: RunMemberOptions): Promise<RunningServer> {
  const { ports, configFile } = options;
  const properties = new Map(Object.entries(options.properties));
  const { config, problems, warnings } = await loadServerConfig(ports.disk, configFile, properties);
  if (config === undefined) throw new Error(problems.map(formatProblem).join("; "));
  const log: Log = createLog4jLog({ myid: config.myid, threshold: "info", clock: realClock, write: options.write });
  for (const warning of warnings) log.warn("config", { message: formatProblem(warning) });
  return startZooKeeper({ ports, config, log, machine: realMachine });
}

/** Undefined while it serves nobody. */
export function statusOf({ view }: RunningServer): MemberStatus | undefined {
  const facts = view.service.replica?.facts();
  if (facts === undefined || facts.role === "read-only") return undefined;
  return { role: facts.role, leaderSid: facts.leaderSid, epoch: epochOf(facts.lastProcessedZxid) };
}

/** Why a server does not start, in a sentence. */
export function startProblem(error: unknown): string {
  const isAboutPort = error instanceof Error && "port" in error && "address" in error;
  const action = isAboutPort ? `listen on ${String(error.address)}:${String(error.port)}` : "run the server";
  return explainSystemError(error, action);
}

/** A file that lines are added to, by several servers at once if need be. */
export class LineFile {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, "a");
  }

  write(line: string): void {
    writeSync(this.#fd, line);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
