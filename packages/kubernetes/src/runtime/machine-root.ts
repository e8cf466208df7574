import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** How a container's root is made out of the machine's: decided once, when the runtime starts. */
export interface MachineRoot {
  /** Symbolic links at the root, name → target: `bin` → `usr/bin` on most machines. */
  readonly links: ReadonlyMap<string, string>;
  /** Folders at the root that containers see copy-on-write. */
  readonly overlaid: readonly string[];
  /** Folders that containers see read-only because the kernel refuses an overlay on them. */
  readonly readOnly: readonly string[];
  /** Whether /etc holds mounts of others (as inside Docker), so that it must be copied to be a lower layer. */
  readonly copyEtc: boolean;
}

/** Where programs and their libraries lie; everything else at the root is the container's own or hidden. */
const PROGRAM_FOLDERS = ["usr", "etc", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "gnu"];

export function inspectMachineRoot(): MachineRoot {
  const links = new Map<string, string>();
  const overlaid: string[] = [];
  const readOnly: string[] = [];
  let copyEtc = false;
  const mountPoints = readMountPoints();
  for (const name of readdirSync("/")) {
    if (!PROGRAM_FOLDERS.includes(name)) continue;
    const path = join("/", name);
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) links.set(name, readlinkSync(path));
    if (!stat.isDirectory()) continue;
    // A lower layer with locked mounts in it is refused (EINVAL): they came from outside the lab's user namespace.
    const holdsMounts = mountPoints.some((point) => point.startsWith(`${path}/`));
    if (holdsMounts && name === "etc") copyEtc = true;
    if (holdsMounts && name !== "etc") readOnly.push(name);
    else overlaid.push(name);
  }
  return { links, overlaid, readOnly, copyEtc };
}

function readMountPoints(): readonly string[] {
  const path = "/proc/self/mountinfo";
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .map((field) =>
      field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}
