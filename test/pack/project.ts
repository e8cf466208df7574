import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** npm tells its scripts about itself; a person in a project of their own has none of it. */
const OF_OUR_NPM =
  /^(?:npm_(?:lifecycle|package|command|execpath|node_execpath|config_(?:local_|global_)?prefix)|INIT_CWD$|NODE_OPTIONS$)/i;
const TIMEOUT_MS = 150_000;

/** An empty npm project of somebody else, used from a shell that knows nothing of this repository. */
export class Project {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder);
    const folders = (process.env["PATH"] ?? "").split(delimiter).filter((one) => !one.includes("node_modules"));
    this.env = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !OF_OUR_NPM.test(name))),
      PATH: folders.join(delimiter),
      // npx must find our commands in the project, or fail: never fetch a package of that name.
      npm_config_yes: "false",
    };
    if (!folders.some((one) => existsSync(join(one, "node"))))
      throw new Error("this test needs a Node of the machine's own on PATH, from 18");
  }

  write(files: Readonly<Record<string, string | object>>): void {
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(this.folder, name), typeof content === "string" ? content : JSON.stringify(content, null, 2));
  }

  run(command: string, ...args: string[]): Promise<Result> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        cwd: this.folder,
        env: this.env,
        stdio: ["ignore", "pipe", "pipe"],
        timeout: TIMEOUT_MS,
      });
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  }

  /** What a command wrote, if it succeeded. */
  async output(command: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, ...args);
    if (code !== 0) throw new Error(`${[command, ...args].join(" ")} ended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }
}
