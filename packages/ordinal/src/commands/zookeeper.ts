/** A ZooKeeper ensemble without a lab, for tests in any language. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { type Ensemble, EnsembleError, type EnsembleOptions, startEnsemble } from "@ordinal/zookeeper";

import { flag, number, parse, text, texts } from "../arguments.ts";
import { CommandError, UsageError } from "../usage.ts";
import { carryOut, describe } from "../zookeeper-control.ts";

const SIZE_MAX = 10;
/** What was still asked for when standard input ended has this long. */
const LAST_COMMANDS_MS = 10_000;
const EXIT_BY_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
/** As a shell says that there is no such command. */
const EXIT_NO_COMMAND = 127;

export async function run(args: readonly string[]): Promise<number> {
  const split = args.indexOf("--");
  const command = split < 0 ? undefined : args.slice(split + 1);
  const parsed = parse(split < 0 ? args : args.slice(0, split), {
    size: { type: "string" },
    observers: { type: "string" },
    port: { type: "string" },
    data: { type: "string" },
    log: { type: "string" },
    line: { type: "string", multiple: true },
    property: { type: "string", multiple: true },
    "tick-time": { type: "string" },
    json: { type: "boolean" },
  });
  const [extra] = parsed.positionals;
  if (extra !== undefined) throw new UsageError(`"${extra}" is not known here; a command to run comes after --.`);
  if (command?.length === 0) throw new UsageError("Name the command to run after --.");
  const size = number(parsed, "size", 1, SIZE_MAX) ?? 3;
  const observers = number(parsed, "observers", 0, size - 1);
  const port = number(parsed, "port", 1, 65_536 - size);
  const tickTime = number(parsed, "tick-time", 10, 3_600_000);
  const data = text(parsed, "data");
  const logFile = text(parsed, "log");
  const options: EnsembleOptions = {
    size,
    lines: texts(parsed, "line"),
    properties: Object.fromEntries(texts(parsed, "property").map(propertyOf)),
    ...(observers !== undefined && { observers }),
    ...(port !== undefined && { clientPorts: Array.from({ length: size }, (_unused, index) => port + index) }),
    ...(tickTime !== undefined && { tickTime }),
    ...(data !== undefined && { directory: data }),
    ...(logFile !== undefined && { logFile }),
  };
  const isJson = flag(parsed, "json");
  return command === undefined ? serve(options, isJson) : runBeside(options, command);
}

function propertyOf(word: string): [string, string] {
  const equals = word.indexOf("=");
  if (equals < 1) throw new UsageError(`--property takes NAME=VALUE, not "${word}".`);
  return [word.slice(0, equals), word.slice(equals + 1)];
}

async function start(options: EnsembleOptions): Promise<Ensemble> {
  try {
    return await startEnsemble(options);
  } catch (error) {
    if (error instanceof EnsembleError) throw new CommandError(error.message);
    if (error instanceof RangeError || error instanceof TypeError) throw new UsageError(`${error.message}.`);
    throw error;
  }
}

/** Runs until `stop`, the end of standard input, or a signal. */
async function serve(options: EnsembleOptions, isJson: boolean): Promise<number> {
  const lines = createInterface({ input: process.stdin });
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  const starting = start(options);
  let queue: Promise<void> = starting.then(
    async (ensemble) => tell(await describe(ensemble), isJson),
    () => undefined,
  );
  lines.on("line", (line) => {
    if (line.trim() === "") return;
    queue = queue.then(async () => {
      const answer = await carryOut(await starting, line);
      tell(answer, isJson);
      if (answer.kind === "stopped") end(0);
    });
    queue.catch(() => undefined);
  });
  lines.on("close", () => {
    const timer = setTimeout(() => end(0), LAST_COMMANDS_MS);
    void queue
      .catch(() => undefined)
      .finally(() => {
        clearTimeout(timer);
        end(0);
      });
  });
  const unlisten = onSignals(end);
  try {
    const ensemble = await Promise.race([starting, ended.then(() => undefined)]);
    const code = await ended;
    await (ensemble ?? (await starting.catch(() => undefined)))?.stop();
    return code;
  } finally {
    unlisten();
    lines.close();
    process.stdin.destroy();
  }
}

/** Runs a command while the ensemble is there, and ends as it does. */
async function runBeside(options: EnsembleOptions, [file = "", ...args]: readonly string[]): Promise<number> {
  await using ensemble = await start(options);
  const child = spawn(file, args, {
    stdio: "inherit",
    env: { ...process.env, ZOOKEEPER_CONNECT: ensemble.connectString },
  });
  // A terminal's Ctrl-C reaches the command by itself.
  const unlisten = onSignals((_code, signal) => (signal === "SIGINT" && process.stdin.isTTY) || child.kill(signal));
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) => {
        reject(new CommandError(`Cannot run ${file}: ${error.message}`, EXIT_NO_COMMAND));
      });
      child.once("exit", (code, signal) => {
        resolve(code ?? EXIT_BY_SIGNAL[signal as keyof typeof EXIT_BY_SIGNAL] ?? 1);
      });
    });
  } finally {
    unlisten();
  }
}

function onSignals(listener: (code: number, signal: NodeJS.Signals) => void): () => void {
  const signals = Object.entries(EXIT_BY_SIGNAL) as [keyof typeof EXIT_BY_SIGNAL, number][];
  const listeners = signals.map(([signal, code]) => [signal, () => listener(code, signal)] as const);
  for (const [signal, hear] of listeners) process.on(signal, hear);
  return () => {
    for (const [signal, hear] of listeners) process.off(signal, hear);
  };
}

function tell({ json, words }: { readonly json: object; readonly words: string }, isJson: boolean): void {
  process.stdout.write(`${isJson ? JSON.stringify(json) : words}\n`);
}
