/** Reads, runs, masks and writes the sessions of `zkCli.sh` in `testdata`, for the recording and for the comparison. */
import { spawn } from "node:child_process";

import { main } from "../../../packages/zookeeper/src/cli/zk-cli/main.ts";

/** What one run did. */
export interface CliOutcome {
  readonly output: readonly string[];
  /** What stood under `WATCHER::`; when it is printed is chance, in which order is not. */
  readonly events: readonly string[];
  readonly errors: readonly string[];
  readonly exitCode: number | null;
}

export interface CliCase {
  /** Comments and headings before it. */
  readonly before: readonly string[];
  /** The command's words, or the lines of standard input. */
  readonly input: readonly string[];
  readonly expected: CliOutcome;
}

interface CaseParts {
  before: string[];
  input: string[];
  output: string[];
  events: string[];
  errors: string[];
  exitCode: number | null;
}

/** @param marker `$ ` where every line is a command of its own, `## ` where lines of input follow a heading */
export function parseCases(text: string, marker: "$ " | "## "): CliCase[] {
  const cases: CaseParts[] = [];
  let before: string[] = [];
  for (const line of text.split("\n")) {
    const last = cases.at(-1);
    const [kind, rest] = [line.slice(0, 2), line.slice(2)];
    if (line.startsWith(marker)) {
      if (marker === "## ") before.push(line);
      const input = marker === "$ " ? [rest] : [];
      cases.push({ before, input, output: [], events: [], errors: [], exitCode: null });
      before = [];
    } else if (kind === "> ") last?.input.push(rest);
    else if (kind === "1 ") last?.output.push(rest);
    else if (kind === "w ") last?.events.push(rest);
    else if (kind === "2 ") last?.errors.push(rest);
    else if (kind === "= ") {
      if (last !== undefined) last.exitCode = Number(rest);
    } else before.push(line);
  }
  return cases.map(({ before: lines, input, exitCode, ...expected }) => ({
    before: lines,
    input,
    expected: { ...expected, exitCode },
  }));
}

/** The file again, with what was done now. */
export function formatCases(
  cases: readonly { readonly case: CliCase; readonly outcome: CliOutcome }[],
  marker: "$ " | "> ",
): string {
  const lines = cases.flatMap(({ case: { before, input }, outcome }) => [
    ...before,
    ...input.map((line) => marker + line),
    ...outcome.output.map((line) => `1 ${line}`),
    ...outcome.events.map((line) => `w ${line}`),
    ...outcome.errors.map((line) => `2 ${line}`),
    `= ${outcome.exitCode}`,
  ]);
  return `${lines.join("\n")}\n`;
}

/** The words of a command in the data; single quotes keep one together. */
export function wordsOf(line: string): string[] {
  return (line.match(/'[^']*'|\S+/g) ?? []).map((word) => (word.startsWith("'") ? word.slice(1, -1) : word));
}

/** Runs a program with this input; what it says is masked by `masks`. */
export async function runCli(
  program: readonly string[],
  args: readonly string[],
  input: readonly string[],
  masks: Masks,
): Promise<CliOutcome> {
  const [file = "", ...rest] = program;
  const child = spawn(file, [...rest, ...args], {
    env: { ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" },
    stdio: "pipe",
  });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => (texts[name] += chunk));
  }
  child.stdin.on("error", () => undefined).end(input.map((line) => `${line}\n`).join(""));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return outcomeOf(texts.stdout, texts.stderr, exitCode, masks);
}

/** As `runCli`, without the cost of a process: ours in this one. */
export async function runOurs(args: readonly string[], masks: Masks): Promise<CliOutcome> {
  let [output, errors] = ["", ""];
  const exitCode = await main(args, {
    print: (line) => void (output += `${line}\n`),
    printRaw: (text) => void (output += text),
    printError: (line) => void (errors += `${line}\n`),
  });
  return outcomeOf(output, errors, exitCode, masks);
}

function outcomeOf(stdout: string, stderr: string, exitCode: number | null, masks: Masks): CliOutcome {
  const events: string[] = [];
  // The virtual machine may end between the two lines of an event.
  const output = stdout
    .replace(/\nWATCHER::\n\n?$/, "")
    .replaceAll(/\nWATCHER::\n\n(.*)\n/g, (_whole, event: string) => {
      // Whether the first connection comes before the end of a command that needs none is chance.
      if (event !== "WatchedEvent state:SyncConnected type:None path:null") events.push(masks.mask(event));
      return "";
    });
  return { output: linesOf(output, masks), events, errors: linesOf(stderr, masks), exitCode };
}

function linesOf(text: string, masks: Masks): string[] {
  const lines = text.replaceAll(LOGGER_NOISE, "").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.filter((line) => !isNoise(line)).map((line) => masks.mask(line));
}

/** What the original's logger says of itself, which may come in the middle of a line. */
const LOGGER_NOISE = /(?:SLF4J|log4j):.*\n/g;

/** The rest of a stack trace. */
function isNoise(line: string): boolean {
  return /^\t(?:at |\.\.\. \d+ more)/.test(line);
}

/** Gives what differs from run to run a name: in one run the same thing has the same name. */
export class Masks {
  readonly #server: string;
  readonly #zxids: string[] = [];
  readonly #sessions: string[] = [];

  /** @param server the address it connects to */
  constructor(server: string) {
    this.#server = server;
  }

  mask(line: string): string {
    return line
      .replaceAll(this.#server, "SERVER")
      .replace(
        /^([cmp]Zxid = )0x([1-9a-f][0-9a-f]*)$/,
        (_whole, head: string, hex: string) => head + nameIn(this.#zxids, hex, "zxid"),
      )
      .replace(
        /^(ephemeralOwner = )0x([1-9a-f][0-9a-f]*)$/,
        (_whole, head: string, hex: string) => head + ownerName(hex, this.#sessions),
      )
      .replace(/^([cm]time = )\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}$/, "$1TIME");
  }
}

function nameIn(names: string[], text: string, what: string): string {
  if (!names.includes(text)) names.push(text);
  return `${what}-${names.indexOf(text) + 1}`;
}

/** Containers and times to live are no sessions: their value is the same everywhere. */
function ownerName(hex: string, sessions: string[]): string {
  return hex === "8000000000000000" || hex.startsWith("ff") ? `0x${hex}` : nameIn(sessions, hex, "session");
}
