/** A program with an ensemble, to be killed: `node ensemble-owner.ts`. Prints what it holds as JSON, with one server paused. */
import { startEnsemble } from "@ordinal/zookeeper";

const ensemble = await startEnsemble();
await ensemble.pause(0);
const { connectString, directory, servers } = ensemble;
process.stdout.write(`${JSON.stringify({ connectString, directory, pids: servers.map(({ pid }) => pid) })}\n`);
setInterval(() => {}, 1000);
