import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { writeKubeconfig } from "../../packages/kubernetes/src/api/index.ts";
import { startTestServer, type TestServer } from "../../packages/kubernetes/src/api/testing/test-server.ts";

export interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Kubectl {
  readonly server: TestServer;
  readonly home: string;
  /** Runs kubectl with these arguments; ends it after `timeoutMs` (default 30 s). */
  run(
    args: readonly string[],
    options?: { input?: string | Buffer; env?: Record<string, string>; timeoutMs?: number },
  ): Promise<Result>;
  /** As `run`, split at spaces; throws what kubectl says when it fails. */
  ok(command: string, input?: string): Promise<string>;
  /** Starts kubectl and gives what it printed so far. */
  start(args: readonly string[]): { output(): string; until(text: string): Promise<void>; stop(): Promise<void> };
  file(name: string, text: string): string;
  close(): Promise<void>;
}

/** The machine's kubectl against a server of its own, with a home of its own. */
export async function startKubectl(): Promise<Kubectl> {
  const server = await startTestServer();
  const home = mkdtempSync(join(tmpdir(), "ordinal-kubectl-"));
  const kubeconfig = join(home, "kubeconfig");
  writeKubeconfig(kubeconfig, { server: server.api.url, caCertificate: server.ca, token: server.token });
  const environment = { PATH: process.env["PATH"] ?? "", HOME: home, KUBECONFIG: kubeconfig };
  const run: Kubectl["run"] = (args, { input, env = {}, timeoutMs = 30_000 } = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn("kubectl", args, { env: { ...environment, ...env } });
      const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
      child.on("error", reject);
      child.stdin.on("error", () => undefined);
      child.on("close", (code) => {
        clearTimeout(timer);
        resolve({ code, out: Buffer.concat(out).toString("latin1"), err: Buffer.concat(err).toString() });
      });
      child.stdin.end(input);
    });
  return {
    server,
    home,
    run,
    async ok(command, input) {
      const result = await run(command.split(" "), input === undefined ? {} : { input });
      if (result.code !== 0) throw new Error(`kubectl ${command}: ${result.err}`);
      return result.out;
    },
    start(args) {
      const child = spawn("kubectl", args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
      let text = "";
      const waiting = new Set<() => void>();
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          for (const look of waiting) look();
        });
      }
      const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
      return {
        output: () => text,
        until: (wanted) =>
          new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`no ${JSON.stringify(wanted)} in ${text}`)), 20_000);
            const look = (): void => {
              if (!text.includes(wanted)) return;
              clearTimeout(timer);
              waiting.delete(look);
              resolve();
            };
            waiting.add(look);
            look();
          }),
        async stop() {
          child.kill("SIGTERM");
          await closed;
        },
      };
    },
    file(name, text) {
      const path = join(home, name);
      writeFileSync(path, text);
      return path;
    },
    async close() {
      await server.close();
      rmSync(home, { recursive: true });
    },
  };
}
