import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Programs of the machine that the runtimes call, and the Debian package that brings each. */
const PACKAGE_OF = {
  unshare: "util-linux",
  nsenter: "util-linux",
  mount: "mount",
  umount: "mount",
  pivot_root: "util-linux",
  ip: "iproute2",
  hostname: "hostname",
  mknod: "coreutils",
  env: "coreutils",
  sh: "dash",
} as const;

export type ToolName = keyof typeof PACKAGE_OF;
export type MachineTools = Readonly<Record<ToolName, string>>;

/** Administrators' folders are often missing in a user's PATH. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/** The absolute path of a program, or undefined when the machine has none. */
export function findTool(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  return folders
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Every tool that namespaces need, or the ones that are missing with the packages to install. */
export function findMachineTools():
  | { readonly tools: MachineTools }
  | { readonly missing: readonly string[]; readonly packages: readonly string[] } {
  const names = Object.keys(PACKAGE_OF) as ToolName[];
  const found = new Map(names.map((name) => [name, findTool(name)]));
  const missing = names.filter((name) => found.get(name) === undefined);
  if (missing.length > 0) {
    return { missing, packages: [...new Set(missing.map((name) => PACKAGE_OF[name]))] };
  }
  return { tools: Object.fromEntries(found) as MachineTools };
}

/** `findMachineTools` for callers that run after the probe said yes. Throws when something was removed since. */
export function requireMachineTools(): MachineTools {
  const result = findMachineTools();
  if ("tools" in result) return result.tools;
  throw new Error(`missing programs: ${result.missing.join(", ")}; install ${result.packages.join(", ")}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
