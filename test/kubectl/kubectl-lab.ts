import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { type Lab, startLab } from "@ordinal/kubernetes";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const COMMAND_TIMEOUT_MS = 60_000;
const UNTIL_TIMEOUT_MS = 40_000;
const POLL_MS = 100;

/** A lab in a folder of its own, and the machine's kubectl to drive it, with `testdata/` as its working folder. */
export class KubectlLab {
  readonly lab: Lab;
  readonly directory: string;
  /** A copy of `testdata/`. */
  readonly work: string;

  private constructor(lab: Lab, directory: string) {
    this.lab = lab;
    this.directory = directory;
    this.work = join(directory, "work");
  }

  static async start(): Promise<KubectlLab> {
    const directory = mkdtempSync(join(tmpdir(), "ordinal-kubectl-"));
    cpSync(fileURLToPath(new URL("testdata", import.meta.url)), join(directory, "work"), { recursive: true });
    return new KubectlLab(await startLab({ home: join(directory, "home") }), directory);
  }

  async stop(): Promise<void> {
    await this.lab.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, HOME: this.directory, KUBECONFIG: this.lab.kubeconfig };
  }

  /** A line of shell. */
  sh(command: string, input: string | Buffer = ""): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const child = spawn("sh", ["-c", command], { cwd: this.work, env: this.env, timeout: COMMAND_TIMEOUT_MS });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
      child.on("error", reject);
      child.on("close", (code) =>
        resolve({ code: code ?? -1, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
      );
      child.stdin.on("error", () => undefined);
      child.stdin.end(input);
    });
  }

  /** What kubectl printed; throws what it said when it failed. */
  async kubectl(args: string, input: string | Buffer = ""): Promise<string> {
    const ran = await this.sh(`kubectl ${args}`, input);
    if (ran.code !== 0) throw new Error(`kubectl ${args}: exit ${ran.code}\n${ran.err}`);
    return ran.out;
  }

  /** Runs kubectl again until what it prints, errors included, passes; throws with the last of it. */
  async until(args: string, passes: (text: string) => boolean): Promise<string> {
    const deadline = Date.now() + UNTIL_TIMEOUT_MS;
    for (;;) {
      const { out, err } = await this.sh(`kubectl ${args}`);
      if (passes(out + err)) return out;
      if (Date.now() > deadline) throw new Error(`kubectl ${args} still prints\n${out}${err}`);
      await delay(POLL_MS);
    }
  }
}
