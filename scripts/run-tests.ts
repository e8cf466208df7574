import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

// `npm test [-- FILTER…]`: unit tests, then the tests that start real processes; arguments go to vitest.
const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const result = spawnSync(
  process.execPath,
  [vitest, "run", "--reporter=default", "--reporter=./scripts/test-reporter.ts", ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: "inherit",
  },
);
process.exitCode = result.status ?? 1;
