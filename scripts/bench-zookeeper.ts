import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

// Our ZooKeeper ensemble against the original's on this machine; `--help` tells the rest. Also `npm run bench -- zookeeper`.
const program = fileURLToPath(new URL("../packages/zookeeper/bench/zookeeper.ts", import.meta.url));
const result = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: "inherit" });
process.exitCode = result.status ?? 1;
