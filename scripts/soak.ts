import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

// `npm run soak [-- --minutes N] [--seed N]`: what is too long for `npm test`, again and again with new seeds until time is up or
// something breaks: simulations over many seeds, labs killed in the middle of updates, hostile bytes.
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    seed: { type: "string", default: "1000" },
    help: { type: "boolean" },
  },
});
if (values.help === true) {
  process.stdout.write(
    "Usage: npm run soak [-- --minutes N] [-- --seed N]\n\nRepeats simulations, kills and hostile bytes with new seeds until the minutes (60) are over.\nA failure names its seed; --seed N begins there.\n",
  );
  process.exit(0);
}
const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const SEEDS = 500;
const deadline = Date.now() + Number(values.minutes) * 60_000;
let seed = Number(values.seed);
let rounds = 0;
const simulate = fileURLToPath(new URL("simulate.ts", import.meta.url));
// Once: whether the simulation still finds each of the bugs that it was built to find.
const proof = spawnSync(process.execPath, [simulate, "--mutations", "--trials", "3"], { cwd: root, stdio: "inherit" });
if (proof.status !== 0) {
  process.stderr.write("\nA known bug was not found: see `npm run simulate -- --mutations`.\n");
  process.exit(1);
}
while (Date.now() < deadline) {
  process.stdout.write(`\n== round ${rounds + 1}, seeds from ${seed}\n`);
  const env = {
    ...process.env,
    ORDINAL_SEED_FIRST: String(seed),
    ORDINAL_SEED_COUNT: String(SEEDS),
    ORDINAL_KILL_ROUNDS: "20",
    SEED: String(seed),
  };
  const runs = [
    ["--project", "unit", "--testTimeout", "1800000", "simulation"],
    ["--project", "system", "test/lab/kill", "test/hostile"],
  ];
  for (const args of runs) {
    const result = spawnSync(process.execPath, [vitest, "run", ...args], { cwd: root, stdio: "inherit", env });
    if (result.status !== 0) {
      process.stderr.write(`\nBroke in round ${rounds + 1}: repeat it with \`npm run soak -- --seed ${seed}\`.\n`);
      process.exit(1);
    }
  }
  seed += SEEDS;
  rounds++;
}
process.stdout.write(`\n${rounds} rounds, seeds ${values.seed} to ${seed - 1}: nothing broke.\n`);
