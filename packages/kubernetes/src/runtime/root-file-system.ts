import { chmodSync, cpSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

import { containerAccounts } from "./accounts.ts";
import { formatFstab, type FstabEntry } from "./fstab.ts";
import type { ImageLayer } from "./image-layer.ts";
import type { MachineRoot } from "./machine-root.ts";
import type { ContainerConfig, Mount, SandboxConfig } from "./pod-runtime.ts";

export interface RootFileSystemInput {
  /** Missing folder of this container run; gets `rootfs`, `upper`, `work`, `layer` and `fstab`. */
  readonly directory: string;
  readonly sandbox: SandboxConfig;
  readonly container: ContainerConfig;
  readonly user: number;
  readonly group: number;
  readonly machine: MachineRoot;
  readonly layer: ImageLayer;
  /** Folder that becomes /dev. */
  readonly devices: string;
  /** The pod's /dev/shm. */
  readonly sharedMemory: string;
  /** `own`: /sys shows the pod's network; `machine`: the kernel refuses that here. */
  readonly sysfs: "own" | "machine";
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

/**
 * Prepares the files of one container run and the fstab that turns them into its root: a plain folder with the machine's
 * program folders laid over it copy-on-write. Returns the home folder of the container's user.
 */
export function prepareRootFileSystem(input: RootFileSystemInput): { readonly home: string } {
  const { directory, container, sandbox, machine, layer } = input;
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
  entries.push(
    input.sysfs === "own"
      ? { source: "sysfs", target: join(rootfs, "sys"), type: "sysfs", options: "nosuid,nodev,noexec,ro" }
      : bind("/sys", join(rootfs, "sys"), true),
  );
  entries.push(bind(input.devices, join(rootfs, "dev"), false));
  entries.push(bind(input.sharedMemory, join(rootfs, "dev/shm"), false));
  for (const folder of container.image.folders) {
    if (isVisible(folder, machine)) continue;
    entries.push(mountEntry({ source: folder, target: folder, readOnly: true }, input));
  }
  // A volume inside another volume's folder must come after it.
  const volumes = [...container.mounts].sort((a, b) => a.target.length - b.target.length);
  for (const mount of volumes) entries.push(mountEntry(mount, input));
  writeFileSync(join(directory, "fstab"), formatFstab(entries));
  return { home: accounts.home };
}

/** Whether a folder of the machine shows in every container anyway. */
function isVisible(folder: string, machine: MachineRoot): boolean {
  const first = folder.split("/")[1] ?? "";
  return machine.overlaid.includes(first) || machine.readOnly.includes(first) || machine.links.has(first);
}

/** Makes the mount point where the machine has none: in the overlay's upper folder or in the container's own root. */
function mountEntry(mount: Mount, input: RootFileSystemInput): FstabEntry {
  const rootfs = join(input.directory, "rootfs");
  const target = throughRootLinks(posix.normalize(mount.target), input.machine);
  const first = target.split("/")[1] ?? "";
  const holder = input.machine.overlaid.includes(first) ? join(input.directory, "upper") : rootfs;
  // /dev is one folder for all containers, so a mount point in it (/dev/termination-log) is made there.
  const point = first === "dev" ? join(input.devices, target.slice("/dev".length)) : join(holder, target);
  if (!input.machine.readOnly.includes(first) && !existsSync(point)) {
    if (statSync(mount.source).isDirectory()) {
      mkdirSync(point, { recursive: true });
    } else {
      mkdirSync(dirname(point), { recursive: true });
      writeFileSync(point, "");
    }
  }
  return bind(mount.source, join(rootfs, target), mount.readOnly);
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
