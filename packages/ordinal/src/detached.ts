import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Home, openHome } from "@ordinal/kubernetes/lab-home";

import { liveView } from "./live-view.ts";

type Message =
  | { readonly kind: "lines"; readonly lines: readonly string[] }
  | { readonly kind: "ready" | "failed" | "trouble"; readonly text: string }
  | { readonly kind: "stopped" };

const LEFT_RUNNING =
  "The lab is left running to look at: `ordinal status`, `ordinal logs POD`; `ordinal stop` ends it.\n";

/** Starts the lab in a process of its own, shows its progress, and returns 0 at Ready. The lab's own words go to `lab.log`. */
export async function startDetached(home: Home, args: readonly string[], timeoutMs: number): Promise<number> {
  // Here for its words: whoever started the lab reads them, and not a log that may not even be writable.
  openHome(home.directory);
  const logFile = join(home.directory, "lab.log");
  const log = openSync(logFile, "a", 0o600);
  const cli = fileURLToPath(new URL("./cli.ts", import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, cli, "start", ...args], {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  const view = liveView(process.stdout);
  const { promise, resolve } = Promise.withResolvers<number>();
  let last: readonly string[] = [];
  const timer = setTimeout(() => {
    view.end();
    const waiting = last
      .filter((line) => line.includes("○"))
      .map((line) => line.replace("○", "").trim().split(/\s+/).join(" "));
    process.stderr.write(
      `Not Ready after ${timeoutMs / 1000} s: ${waiting.join("; ") || "no pod was made"}.\n${LEFT_RUNNING}`,
    );
    resolve(1);
  }, timeoutMs);
  child.on("message", (message: Message) => {
    if (message.kind === "lines") view.show((last = message.lines));
    else if (message.kind === "ready") {
      view.end();
      process.stdout.write(`${message.text}\nThe lab goes on in the background; \`ordinal stop\` ends it.\n`);
      resolve(0);
    } else if (message.kind === "trouble") {
      view.end();
      process.stderr.write(`Not Ready: ${message.text}\n${LEFT_RUNNING}`);
      resolve(1);
    } else {
      view.end();
      process.stderr.write(
        message.kind === "failed" ? `${message.text}\n` : "The lab was stopped before every pod was Ready.\n",
      );
      resolve(1);
    }
  });
  child.on("exit", (code) => {
    view.end();
    process.stderr.write(`The lab did not start (exit code ${code ?? "by a signal"}). ${logFile} tells why:\n`);
    process.stderr.write(`${lastLines(logFile)}\n`);
    resolve(1);
  });
  process.on("SIGINT", () => {
    child.kill("SIGTERM");
    resolve(130);
  });
  const code = await promise;
  clearTimeout(timer);
  child.removeAllListeners("exit").removeAllListeners("message");
  if (child.connected) child.disconnect();
  child.unref();
  return code;
}

function lastLines(file: string): string {
  return execFileSync("tail", ["-n", "5", file], { encoding: "utf8" }).trimEnd();
}
