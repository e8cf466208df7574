/** A lab in a process of its own, made to be killed: runs one pod in the folder it is told, says when it is Ready, and stays. */
import { startAgentLab } from "./agent-lab.ts";

const [runtime, directory] = process.argv.slice(2);
const lab = await startAgentLab(runtime === "processes" ? "processes" : "namespaces", directory);
await lab.createPod("web-0", { containers: [{ name: "web", image: "busybox", command: ["sleep", "98765"] }] });
await lab.ready("web-0");
process.stdout.write("ready\n");
