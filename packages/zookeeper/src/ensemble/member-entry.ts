/**
 * One server of an ensemble as a process: takes what it is to run, and faults, from its parent over Node's channel, and ends when
 * that ends. What it logs goes to standard output.
 */
import module from "node:module";

import { CuttableNet, realClock, realNet } from "@ordinal/io";

import { realServerPorts } from "../server/real-ports.ts";
import type { RunningServer } from "../server/server.ts";
import { keepHeapSmall } from "../server/small-heap.ts";
import type { MemberAnswer, MemberRequest } from "./member-messages.ts";
import { runMember, startProblem, statusOf } from "./run-member.ts";

/** Compiled code is kept for the next start soon, because this process will be killed. */
const KEEP_COMPILED_MS = 500;

keepHeapSmall();
const net = new CuttableNet(realNet, realClock);
let server: RunningServer | undefined;

process.on("disconnect", () => process.exit(0));
process.on("message", (request: MemberRequest) => {
  switch (request.kind) {
    case "start":
      net.cut(request.cut);
      void start(request);
      break;
    case "cut":
      net.cut(request.cut);
      answer({ kind: "done", id: request.id });
      break;
    case "status":
      answer({ kind: "status", id: request.id, status: server === undefined ? undefined : statusOf(server) });
      break;
  }
});

async function start({ id, configFile, properties }: MemberRequest & { kind: "start" }): Promise<void> {
  try {
    server = await runMember({
      ports: { ...realServerPorts, net },
      configFile,
      properties,
      write: (line) => process.stdout.write(line),
    });
    answer({ kind: "done", id });
    setTimeout(() => module.flushCompileCache(), KEEP_COMPILED_MS).unref();
    fail(await server.failed);
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  const reason = startProblem(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  process.stderr.write(`${reason}\n`);
  process.send?.({ kind: "failed", reason, code } satisfies MemberAnswer, () => process.exit(1));
}

function answer(message: MemberAnswer): void {
  process.send?.(message);
}
