import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { addCoverage, missing, noCoverage, type Coverage } from "./coverage.ts";
import { runSeed, type SeedResult } from "./worker.ts";

// `npm run simulate`: whole ensembles in virtual time, one history for each seed.
const root = fileURLToPath(new URL("../../../..", import.meta.url));
const PACKAGE = "packages/zookeeper";
const MUTATIONS = join(root, PACKAGE, "src/simulation/mutations");
/** Seeds of one mutation's trials begin this far apart. */
const TRIAL_STRIDE = 100_000;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    first: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
    mutations: { type: "boolean" },
    mutation: { type: "string" },
    trials: { type: "string", default: "1" },
    help: { type: "boolean" },
  },
});

if (values.help === true) {
  process.stdout.write(`Usage: npm run simulate [-- --seeds N] [--first SEED] [--workers N]
       npm run simulate -- --mutations [--mutation NAME] [--trials N] [--seeds N]

Runs N (1000) histories of a simulated ZooKeeper ensemble with faults and checks each. ORDINAL_SEED=n repeats one, with its trace.
With --mutations it puts known bugs into a copy of the server, one at a time, and says after how many seeds each was found, as the
median of the trials; one that N seeds (2000) do not find fails the run, and so does a seed that fails without the bug.
`);
  process.exit(0);
}

const workers = Number(values.workers);
if (process.env["ORDINAL_SEED"] !== undefined) process.exit(await replay(Number(process.env["ORDINAL_SEED"])));
process.exit(values.mutations === true || values.mutation !== undefined ? await proveMutations() : await runSeeds());

/** One seed again, with what happened in it. */
async function replay(seed: number): Promise<number> {
  const result = await runSeed(seed);
  if ("coverage" in result) {
    process.stdout.write(`seed ${seed} passes: ${tell(result.coverage)}\n`);
    return 0;
  }
  process.stdout.write([...result.lastEvents, "", result.error, ""].join("\n"));
  return 1;
}

async function runSeeds(): Promise<number> {
  const count = Number(values.seeds);
  const first = Number(values.first);
  const startMs = performance.now();
  const coverage = noCoverage();
  let slowest = 0;
  const failure = await search(root, first, count, (result) => {
    if (!("coverage" in result)) return;
    addCoverage(coverage, result.coverage);
    slowest = Math.max(slowest, result.ms);
    if (coverage.seeds % 100 === 0) process.stdout.write(`${coverage.seeds} seeds\n`);
  });
  if (failure !== undefined) {
    process.stdout.write(
      `\n${failure.lastEvents
        .slice(-20)
        .map((line) => `  ${line}\n`)
        .join("")}${failure.error}\n`,
    );
    process.stdout.write(`Repeat it: ORDINAL_SEED=${failure.seed} npm run simulate\n`);
    return 1;
  }
  const seconds = (performance.now() - startMs) / 1000;
  process.stdout.write(`${tell(coverage)}\n${seconds.toFixed(1)} s, the slowest seed ${slowest.toFixed(0)} ms\n`);
  const never = missing(coverage);
  if (never.length === 0) return 0;
  process.stdout.write(`Proves nothing about what it never met: ${never.join(", ")}\n`);
  return 1;
}

function tell(coverage: Coverage): string {
  const { virtualMs, ...counts } = coverage;
  const said = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return [...said, `virtual hours ${(virtualMs / 3_600_000).toFixed(2)}`].join(", ");
}

/** Runs seeds on all workers until they are done, or one fails; gives the failed one. */
async function search(
  packageRoot: string,
  first: number,
  count: number,
  heard: (result: SeedResult) => void = () => {},
): Promise<Extract<SeedResult, { error: string }> | undefined> {
  let failure: Extract<SeedResult, { error: string }> | undefined;
  const runs = Array.from({ length: Math.min(workers, count) }, async (_, at) => {
    const share = Math.ceil((count - at) / workers);
    const worker = join(packageRoot, PACKAGE, "src/simulation/worker.ts");
    const args = [worker, String(first + at), String(workers), String(share)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const exited = new Promise<number | null>((resolve) => {
      child.once("exit", resolve);
    });
    let last = first + at - workers;
    for await (const line of createInterface({ input: child.stdout })) {
      const result = JSON.parse(line) as SeedResult;
      heard(result);
      last = result.seed;
      if ("error" in result && (failure === undefined || result.seed < failure.seed)) failure = result;
      // The others may still find an earlier seed; what lies behind it is not worth the time.
      if (failure !== undefined && result.seed > failure.seed) child.kill();
    }
    const code = await exited;
    if (code !== 0 && failure === undefined) {
      const seed = last + workers;
      failure = { seed, ms: 0, error: `seed ${seed} ended its process with code ${code}`, lastEvents: [] };
    }
  });
  await Promise.all(runs);
  return failure;
}

async function proveMutations(): Promise<number> {
  const limit = process.argv.includes("--seeds") ? Number(values.seeds) : 2000;
  const names = readdirSync(MUTATIONS)
    .filter((name) => name.endsWith(".patch") && (values.mutation === undefined || name.startsWith(values.mutation)))
    .sort();
  let code = names.length === 0 ? 1 : 0;
  for (const name of names) {
    const copy = mutatedCopy(join(MUTATIONS, name));
    try {
      const needed: number[] = [];
      let example = "";
      for (let trial = 0; trial < Number(values.trials); trial++) {
        const first = 1 + trial * TRIAL_STRIDE;
        const failure = await search(copy, first, limit);
        if (failure !== undefined) await mustPass(failure.seed);
        needed.push(failure === undefined ? Infinity : failure.seed - first + 1);
        example ||= failure?.error.split("\n")[0] ?? "";
      }
      const found = needed.sort((a, b) => a - b);
      const median = found[Math.floor((found.length - 1) / 2)] ?? Infinity;
      const isFound = found.every(Number.isFinite);
      if (!isFound) code = 1;
      const verdict = isFound
        ? `found after ${median} seeds (median of ${found.join(", ")})`
        : `NOT FOUND in ${limit} seeds`;
      process.stdout.write(`${basename(name, ".patch").padEnd(44)} ${verdict}\n    ${example}\n`);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }
  return code;
}

/** What fails without the bug too was not found by looking for it, and is worth more. */
async function mustPass(seed: number): Promise<void> {
  const failure = await search(root, seed, 1);
  if (failure === undefined) return;
  throw new Error(`without any bug put in, ${failure.error}. Repeat it: ORDINAL_SEED=${seed} npm run simulate`);
}

/** The package with one bug more, beside the same dependencies. */
function mutatedCopy(patch: string): string {
  const copy = mkdtempSync(join(tmpdir(), "ordinal-mutation-"));
  cpSync(join(root, PACKAGE, "src"), join(copy, PACKAGE, "src"), { recursive: true });
  cpSync(join(root, PACKAGE, "package.json"), join(copy, PACKAGE, "package.json"));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const applied = spawnSync("git", ["apply", "--unsafe-paths", `--directory=${copy}`, patch], {
    cwd: copy,
    encoding: "utf8",
  });
  if (applied.status !== 0) {
    rmSync(copy, { recursive: true, force: true });
    throw new Error(`${basename(patch)} does not apply: ${applied.stderr}`);
  }
  return copy;
}
