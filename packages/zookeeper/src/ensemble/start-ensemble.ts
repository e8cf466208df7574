import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { hasCode } from "@ordinal/kit";

import { Ensemble } from "./ensemble.ts";
import { memberConfig } from "./member-config.ts";
import { MemberProcess } from "./member-process.ts";
import type { Member, MemberPlace } from "./member.ts";
import { BLOCK_PORTS_MAX, takePorts } from "./port-block.ts";
import { Reaper } from "./reaper.ts";

export interface EnsembleOptions {
  /** Servers, observers included; 1 stands alone. Default 3, at most 10. */
  readonly size?: number;
  /** The last so many of them observe. Default 0. */
  readonly observers?: number;
  /**
   * The servers run in this process: they start sooner, and `kill` and `pause` are simulated (its connections are reset, what it
   * waits for is held). Default false: a process for each.
   */
  readonly inProcess?: boolean;
  /**
   * Milliseconds, default 500: a server that is cut off or stands still is noticed after four of these; sessions last 2 of them at
   * least. Smaller notices sooner, and takes a busy machine for a fault sooner.
   */
  readonly tickTime?: number;
  /** Further lines of every zoo.cfg, `["snapCount=1000"]`; a key said here goes before what the ensemble says. */
  readonly lines?: readonly string[];
  /** Java system properties, by name: `{ "zookeeper.snapCount": "1000" }`. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Keeps everything, the data in `server-1/data` and so on; made if it is not there. Default: a temporary one, gone at the end. */
  readonly directory?: string;
  /** The servers' client ports, one for each. Default: free ones. */
  readonly clientPorts?: readonly number[];
  /** Takes the logs of all servers, told apart by `[myid:N]`. Default: `server-N/server.log` in the directory. */
  readonly logFile?: string;
  /** How long it may take until all serve. Default 30,000. */
  readonly startTimeoutMs?: number;
}

export const ENSEMBLE_SIZE_MAX = 10;
const DEFAULT_SIZE = 3;
const DEFAULT_TICK_MS = 500;
const START_TIMEOUT_MS = 30_000;
/** Somebody else may take a port in the moment between finding and opening it. */
const TRIES = 3;

/**
 * Starts an ensemble on 127.0.0.1. Resolves when a leader is elected and every server serves clients; rejects with an
 * `EnsembleError` that says what keeps it from that, and leaves nothing behind then. A `RangeError` or `TypeError` tells of options
 * that make no sense.
 */
export async function startEnsemble(options: EnsembleOptions = {}): Promise<Ensemble> {
  mustMakeSense(options);
  for (let tried = 1; ; tried++) {
    try {
      return await start(options);
    } catch (error) {
      const wasUnlucky = hasCode(error, "EADDRINUSE") && options.clientPorts === undefined;
      if (!wasUnlucky || tried === TRIES) throw error;
    }
  }
}

async function start(options: EnsembleOptions): Promise<Ensemble> {
  const size = options.size ?? DEFAULT_SIZE;
  const block = await takePorts(size * 3);
  const isTemporary = options.directory === undefined;
  let ensemble: Ensemble | undefined;
  let reaper: Reaper | undefined;
  const directory =
    options.directory === undefined ? mkdtempSync(join(tmpdir(), "ordinal-zookeeper-")) : resolve(options.directory);
  const cleanUp = async (): Promise<void> => {
    await block.release();
    if (isTemporary) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    await reaper?.end();
  };
  try {
    const places = makePlaces(options, size, directory, block.ports);
    const settings = { tickTimeMs: options.tickTime ?? DEFAULT_TICK_MS, lines: options.lines ?? [] };
    for (const place of places) {
      mkdirSync(place.dataDir, { recursive: true });
      writeFileSync(join(place.dataDir, "myid"), `${place.sid}\n`);
      writeFileSync(place.configFile, memberConfig(place, places, settings));
    }
    const guard = new Reaper(isTemporary ? directory : undefined);
    reaper = guard;
    const members: Member[] = [];
    const onPid = (): void => guard.watch(members.flatMap(({ pid }) => pid ?? []));
    for (const place of places) members.push(await makeMember(options, place, onPid));
    ensemble = new Ensemble({ places, members, directory, logHint: logHintOf(options), cleanUp });
    await ensemble.startAll(options.startTimeoutMs ?? START_TIMEOUT_MS);
    return ensemble;
  } catch (error) {
    await (ensemble === undefined ? cleanUp() : ensemble.stop());
    throw error;
  }
}

async function makeMember(options: EnsembleOptions, place: MemberPlace, onPid: () => void): Promise<Member> {
  const { sid, configFile } = place;
  const logFile = resolve(options.logFile ?? join(dirname(configFile), "server.log"));
  const settings = { sid, configFile, properties: options.properties ?? {}, logFile, logHint: logHintOf(options) };
  if (options.inProcess !== true) return new MemberProcess({ ...settings, onPid });
  const { MemberInProcess } = await import("./member-in-process.ts"); // the whole server: not for who only starts processes
  return new MemberInProcess(settings);
}

function logHintOf({ logFile, directory }: EnsembleOptions): string {
  if (logFile !== undefined) return `Logs are in ${resolve(logFile)}`;
  return directory === undefined ? "`logFile` (--log FILE) keeps the logs" : `Logs are in ${resolve(directory)}`;
}

function makePlaces(
  options: EnsembleOptions,
  size: number,
  directory: string,
  ports: readonly number[],
): readonly MemberPlace[] {
  const voters = size - (options.observers ?? 0);
  return Array.from({ length: size }, (_unused, index) => {
    const folder = join(directory, `server-${index + 1}`);
    return {
      sid: index + 1,
      role: index < voters ? "participant" : "observer",
      clientPort: options.clientPorts?.[index] ?? ports[index] ?? 0,
      quorumPort: ports[size + index] ?? 0,
      electionPort: ports[size * 2 + index] ?? 0,
      dataDir: join(folder, "data"),
      configFile: join(folder, "zoo.cfg"),
    };
  });
}

function mustMakeSense({
  size = DEFAULT_SIZE,
  observers = 0,
  tickTime,
  clientPorts,
  lines = [],
}: EnsembleOptions): void {
  mustBeWhole("size", size, 1, Math.min(ENSEMBLE_SIZE_MAX, Math.floor(BLOCK_PORTS_MAX / 3)));
  mustBeWhole("observers", observers, 0, size === 1 ? 0 : size - 1);
  if (tickTime !== undefined) mustBeWhole("tickTime", tickTime, 10, 3_600_000);
  if (clientPorts !== undefined) {
    if (clientPorts.length !== size)
      throw new RangeError(`clientPorts names ${clientPorts.length}; there are ${size} servers`);
    if (new Set(clientPorts).size !== size) throw new RangeError("clientPorts names a port twice");
    for (const port of clientPorts) mustBeWhole("each of clientPorts", port, 1, 65_535);
  }
  for (const line of lines) {
    if (!/^[^=\n]+=[^\n]*$/.test(line))
      throw new TypeError(`${JSON.stringify(line)} is no line \`key=value\` of zoo.cfg`);
  }
}

function mustBeWhole(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} is a whole number from ${min} to ${max}, not ${value}`);
  }
}
