import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import type { KubectlLab, Ran } from "./kubectl-lab.ts";

/** A command as it was typed, and what came: standard output, then `stderr: ` lines, then `[exit N]`. */
export interface Exchange {
  readonly command: string;
  /** A first line `...` stands for any lines: what a command tells of the way depends on its pace. */
  readonly expected: readonly string[];
}

/** Reads `testdata/NAME.txt`. */
export function readTranscript(name: string): readonly Exchange[] {
  const exchanges: { command: string; expected: string[] }[] = [];
  for (const line of readFileSync(new URL(`testdata/${name}.txt`, import.meta.url), "utf8").split("\n")) {
    if (line.startsWith("$ ")) exchanges.push({ command: line.slice(2), expected: [] });
    else exchanges.at(-1)?.expected.push(line);
  }
  return exchanges.map(({ command, expected }) => ({ command, expected: withoutBlankEnd(expected) }));
}

const READ = /^(for |kubectl (get|describe|rollout history|explain|wait|version|auth|top) )/;
const SETTLE_MS = 30_000;
const POLL_MS = 100;

/** Types the command. One that only reads, or is refused, is typed again until it prints what is expected or 30 s are over. */
export async function replay(kubectl: KubectlLab, { command, expected }: Exchange): Promise<Outcome> {
  const repeats = READ.test(command) || expected.some((line) => line.startsWith("[exit"));
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const outcome = compare(command, await kubectl.sh(command), expected);
    if (!repeats || Date.now() > deadline || outcome.actual.join("\n") === outcome.expected.join("\n")) return outcome;
    await delay(POLL_MS);
  }
}

export interface Outcome {
  readonly actual: readonly string[];
  readonly expected: readonly string[];
}

/** Their names are drawn by lot, and they are listed by name. */
const UNORDERED = /^kubectl get pv\b/;

function compare(command: string, ran: Ran, expected: readonly string[]): Outcome {
  const actual = normal([
    ...lines(ran.out),
    ...lines(ran.err).map((line) => `stderr: ${line}`),
    ...(ran.code === 0 ? [] : [`[exit ${ran.code}]`]),
  ]);
  if (UNORDERED.test(command)) return { actual: actual.toSorted(), expected: normal(expected).toSorted() };
  if (expected[0] !== "...") return { actual, expected: normal(expected) };
  const rest = expected.slice(1);
  return { actual: actual.slice(-rest.length), expected: normal(rest) };
}

function lines(text: string): string[] {
  return withoutBlankEnd(text.split("\n"));
}

function withoutBlankEnd(text: readonly string[]): string[] {
  const last = text.findLastIndex((line) => line !== "");
  return text.slice(0, last + 1);
}

/** What no two runs have in common: times, ids, addresses, places, names drawn by lot, and the width of columns that hold them. */
const VARIABLE: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID"],
  [/\b(127\.\d+|10\.244|10\.96)\.\d+\.\d+\b/g, "IP"],
  [/\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME"],
  [/\w{3}, \d\d \w{3} 20\d\d \d\d:\d\d:\d\d \+0000/g, "TIME"],
  [/\b(\d+[dhm])?\d+(s|m)(?![A-Za-z])/g, "AGE"],
  [/(resourceVersion: )"\d+"/g, '$1"N"'],
  [/\bnode-\d\b/g, "NODE"],
  [/\bnginx-[a-z0-9]{5}\b/g, "nginx-XXXXX"],
  // The lab has a provisioner of its own.
  [/kubernetes\.io\/host-path|ordinal\.dev\/local/g, "PROVISIONER"],
  [/[ \t]+/g, " "],
  [/ $/g, ""],
];

function normal(text: readonly string[]): string[] {
  // An empty line between the two outputs shows in a terminal only.
  return text
    .filter((line) => line !== "")
    .map((line) => VARIABLE.reduce((result, [pattern, word]) => result.replace(pattern, word), line));
}
