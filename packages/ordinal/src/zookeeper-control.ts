/** What `ordinal zookeeper` takes on standard input, and what it answers. */
import type { Ensemble } from "@ordinal/zookeeper";

export interface Answer {
  readonly kind: "done" | "refused" | "stopped";
  readonly json: object;
  /** For people. */
  readonly words: string;
}

const COMMANDS = "kill N, pause N, resume N, restart N, partition N,N… N,N…, heal, leader, ready, status, stop";

/** What is told once all serve: where, and who leads. */
export async function describe(ensemble: Ensemble): Promise<Pick<Answer, "json" | "words">> {
  const { connectString } = ensemble;
  const leader = await ensemble.leader();
  const count = ensemble.size === 1 ? "A ZooKeeper server serves" : `A ZooKeeper ensemble of ${ensemble.size} serves`;
  const words = [`${count} at ${connectString}`, listing(ensemble, leader), `Take: ${COMMANDS}. Ctrl-D stops it.`];
  return { json: { connectString, leader: leader ?? null, servers: servers(ensemble) }, words: words.join("\n") };
}

function servers(ensemble: Ensemble): object[] {
  return ensemble.servers.map(({ index, sid, address, clientPort, pid, state, dataDir }) => ({
    index,
    sid,
    address,
    clientPort,
    pid: pid ?? null,
    state,
    dataDir,
  }));
}

function listing(ensemble: Ensemble, leader: number | undefined): string {
  return ensemble.servers
    .map(({ index, address, pid, state }) => {
      const process = pid === undefined ? "" : `  pid ${pid}`;
      return `  server ${index}  ${address}  ${state}${process}${index === leader ? "  leader" : ""}`;
    })
    .join("\n");
}

/** Carries out one line. Never rejects: what goes wrong is the answer. */
export async function carryOut(ensemble: Ensemble, line: string): Promise<Answer> {
  const command = line.trim();
  try {
    const { words, isLast = false, ...facts } = await perform(ensemble, command.split(/\s+/));
    return { kind: isLast ? "stopped" : "done", json: { command, ok: true, ...facts }, words: words ?? "ok" };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "refused", json: { command, ok: false, error: message }, words: `error: ${message}` };
  }
}

interface Outcome {
  readonly words?: string;
  readonly isLast?: boolean;
  readonly [fact: string]: unknown;
}

async function perform(ensemble: Ensemble, [verb = "", ...args]: readonly string[]): Promise<Outcome> {
  switch (verb) {
    case "kill":
    case "pause":
    case "resume":
      await ensemble[verb](theServer(verb, args));
      return {};
    case "restart": {
      const index = theServer(verb, args);
      await ensemble.restart(index);
      return { pid: ensemble.servers[index]?.pid ?? null };
    }
    case "partition":
      if (args.length === 0) throw new Error("partition takes groups: partition 0 1,2");
      await ensemble.partition(args.map((group) => group.split(",").map(indexOf)));
      return {};
  }
  if (args.length > 0) throw new Error(`${verb} takes no arguments, or is none of: ${COMMANDS}`);
  switch (verb) {
    case "heal":
      await ensemble.heal();
      return {};
    case "leader": {
      const leader = await ensemble.leader();
      return { leader: leader ?? null, words: leader === undefined ? "there is no leader" : `server ${leader} leads` };
    }
    case "ready":
      await ensemble.ready();
      return {};
    case "status": {
      const leader = await ensemble.leader();
      return { leader: leader ?? null, servers: servers(ensemble), words: listing(ensemble, leader) };
    }
    case "stop":
      await ensemble.stop();
      return { isLast: true };
    default:
      throw new Error(`${JSON.stringify(verb)} is none of: ${COMMANDS}`);
  }
}

function theServer(verb: string, args: readonly string[]): number {
  const [index, ...more] = args;
  if (index === undefined || more.length > 0) throw new Error(`${verb} takes one server: ${verb} 1`);
  return indexOf(index);
}

function indexOf(word: string): number {
  if (!/^\d{1,3}$/.test(word)) throw new Error(`${JSON.stringify(word)} is no server; they are counted from 0`);
  return Number(word);
}
