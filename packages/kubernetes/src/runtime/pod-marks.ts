import { readdirSync, readFileSync } from "node:fs";

import { descendantsOf, sendSignal, statFields } from "./process-tree.ts";

/**
 * Plain processes of pods carry marks in their environment, which their children inherit: by these the lab finds what it
 * started, however the processes regrouped themselves since.
 */
export const HOME_MARK = "ORDINAL_HOME";
export const POD_MARK = "ORDINAL_POD_UID";
export const CONTAINER_MARK = "ORDINAL_CONTAINER_ID";
/** Another one at each start of a lab. */
export const RUN_MARK = "ORDINAL_RUN_ID";

/** Every process of this user that carries all of `marks`, but not this one or what it descends from. */
export function findMarked(marks: Readonly<Record<string, string | undefined>>): readonly number[] {
  const spared = ancestors();
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && !spared.has(pid) && carries(pid, marks));
}

/** Looks for the processes with these marks. */
export function marked(marks: Readonly<Record<string, string | undefined>>): () => readonly number[] {
  return () => findMarked(marks);
}

/** Every process of these sessions. A program that throws its environment away keeps its session, unless it leaves that as well. */
export function ofSessions(sessions: ReadonlySet<number>): readonly number[] {
  if (sessions.size === 0) return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && sessions.has(Number(statFields(pid)?.[3])));
}

/** Ends them for good, and returns how many there were. */
export function killMarked(marks: Readonly<Record<string, string | undefined>>): Promise<number> {
  return killAll(marked(marks));
}

/**
 * Kills what `find` finds, and what descends from it, until it finds nothing. A process that forks while it is being looked for is
 * found the next time round.
 */
export async function killAll(find: () => readonly number[]): Promise<number> {
  const killed = new Set<number>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const found = find().filter((pid) => statFields(pid)?.[0] !== "Z");
    if (found.length === 0) break;
    for (const pid of new Set([...found, ...found.flatMap((one) => descendantsOf(one))])) {
      sendSignal(pid, "SIGKILL");
      killed.add(pid);
    }
    await new Promise((resolve) => setTimeout(resolve, round));
  }
  return killed.size;
}

/** A process killed in one round is gone in the next; more rounds than this means that it cannot be killed (state D). */
const ROUNDS_MAX = 200;

function carries(pid: number, marks: Readonly<Record<string, string | undefined>>): boolean {
  let environment: string;
  try {
    environment = readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    // Another user's, or gone.
    return false;
  }
  const variables = new Set(environment.split("\0"));
  return Object.entries(marks).every(([name, value]) =>
    value === undefined
      ? environment.startsWith(`${name}=`) || environment.includes(`\0${name}=`)
      : variables.has(Buffer.from(`${name}=${value}`).toString("latin1")),
  );
}

function ancestors(): ReadonlySet<number> {
  const found = new Set<number>();
  for (let pid: number = process.pid; pid > 1 && !found.has(pid); pid = Number(statFields(pid)?.[1] ?? 0))
    found.add(pid);
  return found;
}
