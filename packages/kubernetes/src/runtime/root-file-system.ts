import { chmodSync, cpSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

import { containerAccounts } from "./accounts.ts";
import type { CompileCache } from "./compile-cache.ts";
import { formatFstab, type FstabEntry } from "./fstab.ts";
import { COMPILE_CACHE, type ImageLayer } from "./image-layer.ts";
import type { MachineRoot } from "./machine-root.ts";
import { pathInside } from "./path-inside.ts";
import type { ContainerConfig, Mount, SandboxConfig } from "./pod-runtime.ts";

export interface RootFileSystemInput {
  /** Missing folder of this container run; gets `rootfs`, `upper`, `work`, `layer` and `fstab`. */
  readonly directory: string;
  readonly sandbox: SandboxConfig;
  readonly container: ContainerConfig;
  readonly user: number;
  readonly group: number;
  readonly machine: MachineForRoots;
  readonly layer: ImageLayer;
  /** The pod's /dev/shm. */
  readonly sharedMemory: string;
}

/** What all containers' roots are made of. */
export interface MachineForRoots {
  readonly root: MachineRoot;
  /** Folder that becomes /dev. */
  readonly devices: string;
  /** `own`: /sys shows the pod's network; `machine`: the kernel refuses that here. */
  readonly sysfs: "own" | "machine";
  readonly compileCache: CompileCache;
}

/** Folders that a container has of its own, empty at first. Modes as Debian's images have them. */
const OWN_FOLDERS: readonly (readonly [path: string, mode: number])[] = [
  ["dev", 0o755],
  ["home", 0o755],
  ["media", 0o755],
  ["mnt", 0o755],
  ["proc", 0o555],
  ["root", 0o700],
  ["run", 0o755],
  ["run/lock", 0o1777],
  ["srv", 0o755],
  ["sys", 0o555],
  ["tmp", 0o1777],
  ["var", 0o755],
  ["var/cache", 0o755],
  ["var/lib", 0o755],
  ["var/log", 0o755],
  ["var/mail", 0o755],
  ["var/spool", 0o755],
  ["var/tmp", 0o1777],
];

/** What container engines make read-only below /proc. */
const KERNEL_SETTINGS = ["bus", "fs", "irq", "sys", "sysrq-trigger"];

/**
 * Prepares the files of one container run and the fstab that turns them into its root: a plain folder with the machine's
 * program folders laid over it copy-on-write. Returns the home folder of the container's user.
 */
export function prepareRootFileSystem(input: RootFileSystemInput): { readonly home: string } {
  const { directory, container, sandbox, layer } = input;
  const machine = input.machine.root;
  const rootfs = join(directory, "rootfs");
  const upper = join(directory, "upper");
  mkdirSync(rootfs, { recursive: true });
  for (const [path, mode] of OWN_FOLDERS) {
    mkdirSync(join(rootfs, path));
    chmodSync(join(rootfs, path), mode);
  }
  symlinkSync("../run", join(rootfs, "var/run"));
  symlinkSync("../run/lock", join(rootfs, "var/lock"));
  for (const [name, target] of machine.links) symlinkSync(target, join(rootfs, name));
  for (const name of [...machine.overlaid, ...machine.readOnly]) mkdirSync(join(rootfs, name));
  for (const name of layer.folders) {
    if (machine.overlaid.includes(name) || machine.readOnly.includes(name)) continue;
    cpSync(join(layer.top, name), join(rootfs, name), { recursive: true });
  }
  // The kernel's syntax for overlay options cannot hold every path: they are relative to the folder and go through here.
  symlinkSync(dirname(layer.top), join(directory, "layer"));

  const entries: FstabEntry[] = [bind(rootfs, rootfs, false)];
  for (const name of machine.overlaid) {
    mkdirSync(join(upper, name), { recursive: true });
    mkdirSync(join(directory, "work", name), { recursive: true });
    const machineFolder = machine.copyEtc && name === "etc" ? [] : [`/${name}`];
    const lower = [`layer/top/${name}`, `layer/mask/${name}`, ...machineFolder].join(":");
    const readOnly = container.readOnlyRootFilesystem ? ",ro" : "";
    entries.push({
      source: "overlay",
      target: join(rootfs, name),
      type: "overlay",
      options: `lowerdir=${lower},upperdir=upper/${name},workdir=work/${name},userxattr${readOnly}`,
    });
  }
  for (const name of machine.readOnly) entries.push(bind(`/${name}`, join(rootfs, name), true));
  const accounts = containerAccounts(input.user, input.group, layer);
  const etc = join(upper, "etc");
  writeFileSync(join(etc, "hosts"), sandbox.hostsFile);
  writeFileSync(join(etc, "resolv.conf"), sandbox.resolvFile);
  writeFileSync(join(etc, "hostname"), `${sandbox.hostname}\n`);
  writeFileSync(join(etc, "passwd"), accounts.passwd);
  writeFileSync(join(etc, "group"), accounts.group);

  entries.push({ source: "proc", target: join(rootfs, "proc"), type: "proc", options: "nosuid,nodev,noexec" });
  // Belongs to the machine's root whatever the namespaces: where that is who runs the lab, a pod could change the machine.
  for (const path of KERNEL_SETTINGS.filter((name) => existsSync(join("/proc", name)))) {
    const inside = join(rootfs, "proc", path);
    entries.push({ source: inside, target: inside, type: "none", options: "bind,ro" });
  }
  entries.push(
    input.machine.sysfs === "own"
      ? { source: "sysfs", target: join(rootfs, "sys"), type: "sysfs", options: "nosuid,nodev,noexec,ro" }
      : bind("/sys", join(rootfs, "sys"), true),
  );
  // Shared by all containers, so none may add to it; a bind of a device is written to all the same.
  entries.push(bind(input.machine.devices, join(rootfs, "dev"), true));
  entries.push(bind(input.sharedMemory, join(rootfs, "dev/shm"), false));
  const folders = container.image.folders
    .filter((folder) => !isVisible(folder, machine))
    .map((folder) => ({ source: folder, target: folder, readOnly: true }));
  input.machine.compileCache.shareWith(input.user);
  const cache = { source: input.machine.compileCache.directory, target: COMPILE_CACHE, readOnly: true };
  const mounts = [...folders, cache, ...container.mounts]
    .map((mount) => ({ ...mount, target: throughRootLinks(posix.normalize(mount.target), machine) }))
    // What lies inside another mount comes after it.
    .toSorted((one, other) => one.target.length - other.target.length);
  for (const [index, mount] of mounts.entries()) {
    makeMountPoint(mount, mounts.slice(0, index), input);
    entries.push(bind(mount.source, join(rootfs, mount.target), mount.readOnly));
  }
  writeFileSync(join(directory, "fstab"), formatFstab(entries));
  return { home: accounts.home };
}

/** Whether a folder of the machine shows in every container anyway. */
function isVisible(folder: string, machine: MachineRoot): boolean {
  const first = folder.split("/")[1] ?? "";
  return machine.overlaid.includes(first) || machine.readOnly.includes(first) || machine.links.has(first);
}

/**
 * Makes the mount point where there is none: in the mount around it, in an overlay's upper folder, among the devices, or in
 * the container's own root.
 */
function makeMountPoint({ source, target }: Mount, earlier: readonly Mount[], input: RootFileSystemInput): void {
  const around = earlier.findLast((mount) => target === mount.target || target.startsWith(`${mount.target}/`));
  const first = target.split("/")[1] ?? "";
  let point: string | undefined = join(input.directory, "rootfs", target);
  if (around !== undefined) {
    // A container that has the outer volume may have put links there.
    point = pathInside(around.source, posix.join(around.source, target.slice(around.target.length)));
    if (point === undefined) throw new Error(`mounting ${target}: a link leads out of the volume at ${around.target}`);
  } else if (first === "dev") point = join(input.machine.devices, target.slice("/dev".length));
  else if (input.machine.root.overlaid.includes(first)) point = join(input.directory, "upper", target);
  else if (input.machine.root.readOnly.includes(first)) point = target;
  if (existsSync(point)) return;
  if (statSync(source).isDirectory()) {
    mkdirSync(point, { recursive: true });
  } else {
    mkdirSync(dirname(point), { recursive: true });
    writeFileSync(point, "");
  }
}

/** `/lib/x` is `/usr/lib/x` where the root has that link; `mount` must not resolve it on the machine. */
function throughRootLinks(path: string, machine: MachineRoot): string {
  const [, first = "", ...rest] = path.split("/");
  const link = machine.links.get(first);
  return link === undefined ? path : posix.join("/", link, ...rest);
}

function bind(source: string, target: string, readOnly: boolean): FstabEntry {
  return { source, target, type: "none", options: readOnly ? "rbind,ro" : "rbind" };
}
