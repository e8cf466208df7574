/** Plays scenarios to two servers and says where their transcripts part. */
import { fourLetterWord } from "../../../packages/zookeeper/src/ensemble/four-letter-word.ts";
import { Stage } from "./stage.ts";

export type Scenario = (stage: Stage) => Promise<void>;

/** A server, or an ensemble, by the client ports of its members. */
export interface Target {
  readonly name: string;
  readonly ports: readonly number[];
}

const CONTEXT_LINES = 6;

/** What the clients of the scenario saw. Rejects where the scenario itself fails: two that fail alike prove nothing. */
export async function play(target: Target, scenario: Scenario): Promise<readonly string[]> {
  const stage = new Stage(target.ports, await zxidOf(target));
  const { lines } = stage.transcript;
  try {
    await scenario(stage);
  } catch (error) {
    const before = lines.slice(-CONTEXT_LINES).join("\n");
    throw new Error(`the scenario broke off at ${target.name} behind\n${before}`, { cause: error });
  } finally {
    await stage.end();
  }
  if (lines.length === 0) throw new Error("the scenario saw nothing");
  return lines;
}

/** Undefined where the two say the same; else where they part, with what came before. */
export async function compare(original: Target, ours: Target, scenario: Scenario): Promise<string | undefined> {
  const [theirs, mine] = await Promise.all([play(original, scenario), play(ours, scenario)]);
  return partingOf(theirs, mine);
}

export function partingOf(theirs: readonly string[], mine: readonly string[]): string | undefined {
  for (let at = 0; at < Math.max(theirs.length, mine.length); at++) {
    if (theirs[at] === mine[at]) continue;
    const before = theirs.slice(Math.max(0, at - CONTEXT_LINES), at);
    return [...before, ...side("original", theirs, at), ...side("ours", mine, at)].join("\n");
  }
  return undefined;
}

function side(name: string, lines: readonly string[], at: number): string[] {
  return [0, 1, 2].map((more) => `${name.padEnd(8)} | ${lines[at + more] ?? "(nothing)"}`);
}

async function zxidOf({ name, ports }: Target): Promise<number> {
  const words = await Promise.all(ports.map((port) => fourLetterWord(port, "srvr", { timeoutMs: 10_000 })));
  const zxids = words.map((answer) => Number(/^Zxid: (0x[0-9a-f]+)$/m.exec(answer ?? "")?.[1]));
  const newest = Math.max(...zxids);
  if (!Number.isSafeInteger(newest)) throw new Error(`${name} does not tell its zxid: ${words.join("\n")}`);
  return newest;
}
