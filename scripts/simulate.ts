import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

// `npm run simulate [-- --seeds N]`: simulated ZooKeeper ensembles with faults, one history a seed; `--help` tells the rest.
const program = fileURLToPath(new URL("../packages/zookeeper/src/simulation/run.ts", import.meta.url));
const result = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: "inherit" });
process.exitCode = result.status ?? 1;
