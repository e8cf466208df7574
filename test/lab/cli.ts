import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = realpathSync(fileURLToPath(new URL("../..", import.meta.url)));

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Checkout that the command runs from. */
  readonly project?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly timeoutMs?: number;
  readonly input?: string;
}

const TIMEOUT_MS = 180_000;

/** `ordinal ARGS` to its end, as a person's shell would run it. */
export function ordinal(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const project = options.project ?? root;
  return run([join(project, "packages/ordinal/bin/ordinal.js"), ...args], options);
}

export function run(command: readonly string[], options: RunOptions = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0] ?? "", command.slice(1), {
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.uid !== undefined && { uid: options.uid }),
      ...(options.gid !== undefined && { gid: options.gid }),
      cwd: "/",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    child.stdin.on("error", () => {});
    child.stdin.end(options.input);
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(
        new Error(
          `${command.join(" ")}: no end after ${(options.timeoutMs ?? TIMEOUT_MS) / 1000} s\n${stdout}${stderr}`,
        ),
      );
    }, options.timeoutMs ?? TIMEOUT_MS);
    child.on("error", reject);
    // A detached lab keeps no pipe of ours: 'close' would wait for one that does.
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? (signal === null ? -1 : 128), stdout, stderr });
    });
  });
}

export function kubectl(kubeconfig: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return run(["kubectl", ...args], {
    ...options,
    env: { KUBECONFIG: kubeconfig, HOME: dirname(kubeconfig), ...options.env },
  });
}

/** Live processes whose root, working folder, command line or environment names this folder: what a lab of it left behind. */
export function processesOf(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
        const places = ["cwd", "root"].map((name) => readlinkSync(`/proc/${pid}/${name}`)).join(" ");
        return `${command} ${environment} ${places}`.includes(folder) ? [`${pid} ${command}`] : [];
      } catch {
        return [];
      }
    });
}

export interface TestUser {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** An ordinary user to run a lab as; made when root runs the tests. A string says why there is none. */
export function ordinaryUser(): TestUser | string {
  if (process.getuid?.() !== 0) return "needs root to run as another user";
  const name = "ordinaltest";
  if (
    spawnSync("id", [name]).status !== 0 &&
    spawnSync("useradd", ["--create-home", "--shell", "/bin/sh", name]).status !== 0
  )
    return "useradd failed";
  const id = (flag: string): number => Number(spawnSync("id", [flag, name], { encoding: "utf8" }).stdout);
  return { uid: id("-u"), gid: id("-g"), name };
}

/** The checkout, where another user can read it: itself, or a copy when it lies in a closed folder. */
export function readableCheckout(user: TestUser): string {
  const readable = spawnSync("setpriv", [
    "--reuid",
    String(user.uid),
    "--regid",
    String(user.gid),
    "--clear-groups",
    "test",
    "-r",
    join(root, "package.json"),
    "-a",
    "-x",
    root,
  ]);
  if (readable.status === 0) return root;
  const copy = join(mkdtempSync(join(tmpdir(), "ordinal-checkout-")), "ordinal");
  spawnSync("chmod", ["755", dirname(copy)]);
  cpSync(root, copy, { recursive: true, verbatimSymlinks: true, filter: (source) => !source.endsWith("/.git") });
  return copy;
}

export function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
