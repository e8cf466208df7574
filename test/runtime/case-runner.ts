import { mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";

/**
 * Runs cases of the runtime's contract where pods can be made: inside a lab's namespaces, or on the machine for plain
 * processes. Arguments: kind of runtime, the lab's home, the lab's subnet. Speaks over IPC; ends with its parent.
 */
import { createLog } from "@ordinal/io";

import { RuntimeBench, runtimeContract, type ContractCase } from "../../packages/kubernetes/src/runtime/contract.ts";
import { setUpLabNetwork } from "../../packages/kubernetes/src/runtime/lab-network.ts";
import { NamespacesRuntime } from "../../packages/kubernetes/src/runtime/namespaces-runtime.ts";
import { processContract } from "../../packages/kubernetes/src/runtime/process-contract.ts";
import { ProcessesRuntime } from "../../packages/kubernetes/src/runtime/processes-runtime.ts";
import { namespacesCases } from "./namespaces-cases.ts";

export type RunnerRequest = { readonly run: string };
export type RunnerAnswer =
  | { readonly ready: { readonly userNamespace: string } }
  | { readonly ran: string; readonly failure: string | undefined };

const [, , kind, home = "", subnet = ""] = process.argv;
process.on("disconnect", () => process.exit(0));

mkdirSync(home, { recursive: true });
const log = createLog({ component: "runtime" });
const runtime = await makeRuntime();
const bench = new RuntimeBench(runtime, home, subnet.replace(/0\.0\/16$/, ""));
const cases: readonly ContractCase[] = [
  ...runtimeContract,
  ...processContract,
  ...(kind === "namespaces" ? namespacesCases : []),
  {
    name: "leave pods running",
    async run() {
      for (let pod = 0; pod < 3; pod++) {
        const { container } = await bench.running();
        const session = await container.exec({
          command: ["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & sleep 1000"],
          stdin: false,
          stdout: false,
          stderr: false,
          tty: false,
        });
        void session;
      }
    },
  },
  {
    name: "nothing is left of the pods before",
    async run() {
      const names = Object.keys(networkInterfaces()).filter((name) => name.startsWith("pod"));
      const mounts = readFileSync("/proc/self/mountinfo", "utf8")
        .split("\n")
        .filter((line) => line.includes("/pods/"));
      const runs = readdirSync(join(home, "pods")).flatMap((pod) => readdirSync(join(home, "pods", pod)));
      const others = kind === "namespaces" ? otherProcesses() : [];
      const left = [...names, ...mounts, ...runs, ...others];
      if (left.length > 0) throw new Error(`left over: ${left.slice(0, 5).join("; ")}`);
    },
  },
];

process.on("message", ({ run }: RunnerRequest) => {
  const found = cases.find(({ name }) => name === run);
  const running = found === undefined ? Promise.reject(new Error(`no case: ${run}`)) : found.run(bench);
  running.then(
    () => answer({ ran: run, failure: undefined }),
    (error: unknown) =>
      answer({ ran: run, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
answer({ ready: { userNamespace: readlinkSync("/proc/self/ns/user") } });

async function makeRuntime(): Promise<NamespacesRuntime | ProcessesRuntime> {
  if (kind !== "namespaces") return new ProcessesRuntime({ home, log });
  await setUpLabNetwork({ subnet });
  return NamespacesRuntime.create({ directory: join(home, "runtime"), log });
}

/** Everything in the lab's PID namespace but this process itself. */
function otherProcesses(): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => `process ${name} ${readFileSync(`/proc/${name}/stat`, "utf8")}`);
}

function answer(message: RunnerAnswer): void {
  process.send?.(message);
}
