import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { Image } from "@ordinal/images";

import type { MachineRoot } from "./machine-root.ts";
import type { MachineTools } from "./machine-tools.ts";
import { runTool } from "./run-tool.ts";
import { quoteSh } from "./sh-quote.ts";

/** An image laid out as folders that lie over the machine's own in every container of it. */
export interface ImageLayer {
  /** Folder with `usr`, `etc`, …: what the image brings. */
  readonly top: string;
  /** Folder with the same names: what of the machine's the image's containers do not see. */
  readonly mask: string;
  /** Folders at the root that `top` holds something for. */
  readonly folders: ReadonlySet<string>;
  readonly passwd: string | undefined;
  readonly group: string | undefined;
}

/** Secrets of a machine whose administrator runs the lab, and names that every container has its own of. */
const HIDDEN = [
  "etc/shadow",
  "etc/shadow-",
  "etc/gshadow",
  "etc/gshadow-",
  "etc/passwd-",
  "etc/group-",
  "etc/sudoers",
  "etc/sudoers.d",
  "etc/ssh",
  "etc/ssl/private",
  "etc/machine-id",
];

/** Folders below /etc and /usr/share that many packages share: an image that adds to one does not own it. */
const SHARED = new Set([
  "ssl",
  "default",
  "profile.d",
  "init.d",
  "bash-completion",
  "doc",
  "man",
  "zoneinfo",
  "locale",
]);

/** Depth to which the machine's folders become changeable in containers although another user owns them. */
const PROGRAM_FOLDERS = [
  "usr/bin",
  "usr/sbin",
  "usr/lib",
  "usr/share",
  "usr/local",
  "usr/local/bin",
  "usr/local/sbin",
  "usr/local/lib",
  "usr/local/share",
  "usr/local/etc",
  "etc/default",
  "etc/profile.d",
];

/** Lays `image` out under `directory`, replacing what an earlier start left there. */
export async function buildImageLayer(
  image: Image,
  directory: string,
  machine: MachineRoot,
  tools: MachineTools,
): Promise<ImageLayer> {
  await rm(directory, { recursive: true, force: true });
  const top = join(directory, "top");
  const mask = join(directory, "mask");
  for (const name of [...machine.overlaid, ...machine.readOnly]) {
    mkdirSync(join(top, name), { recursive: true });
    mkdirSync(join(mask, name), { recursive: true });
  }
  // A folder in a layer of ours has our owner, wherever the layers below got theirs from: its entries can be changed.
  for (const path of PROGRAM_FOLDERS) mkdirSync(join(top, path), { recursive: true });
  if (machine.copyEtc) await copyReadable("/etc", join(mask, "etc"));
  await maskPaths(mask, [...HIDDEN, ...ownedFolders(image)], machine.copyEtc, tools);

  const folders = new Set<string>();
  for (const file of image.files) {
    const path = join(top, file.path);
    folders.add(file.path.split("/")[1] ?? "");
    mkdirSync(dirname(path), { recursive: true });
    if (typeof file.content === "string") writeFileSync(path, file.content);
    else copyFileSync(file.content.copyOf, path);
    chmodSync(path, file.mode);
  }
  for (const [name, command] of Object.entries(image.programs)) {
    const inside = name.startsWith("/") ? name : `/usr/local/bin/${name}`;
    folders.add(inside.split("/")[1] ?? "");
    const path = join(top, inside);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, programScript(command, COMPILE_CACHE));
    chmodSync(path, 0o755);
  }
  const textOf = (path: string) =>
    image.files.some((file) => file.path === path) ? readFileSync(join(top, path), "utf8") : undefined;
  return { top, mask, folders, passwd: textOf("/etc/passwd"), group: textOf("/etc/group") };
}

/** Where containers find Node's compile cache. */
export const COMPILE_CACHE = "/var/cache/ordinal";

/** An executable that runs a program of the machine under a name of the image's. */
export function programScript(command: readonly string[], compileCache: string): string {
  const isNode = command[0]?.endsWith("/node") === true;
  const setting = isNode ? `export NODE_COMPILE_CACHE="\${NODE_COMPILE_CACHE-${compileCache}}"\n` : "";
  return `#!/bin/sh\n${setting}exec ${command.map(quoteSh).join(" ")} "$@"\n`;
}

/** `/etc/nginx` for `/etc/nginx/nginx.conf`: the machine's own nginx must not show through in the image's. */
function ownedFolders(image: Image): readonly string[] {
  const owned = new Set<string>();
  for (const { path } of image.files) {
    const [, first = "", second = "", third = "", ...rest] = path.split("/");
    if ((first === "etc" || first === "opt") && third !== "" && !SHARED.has(second)) owned.add(`${first}/${second}`);
    if (first === "usr" && second === "share" && rest.length > 0 && !SHARED.has(third)) owned.add(`usr/share/${third}`);
  }
  return [...owned];
}

/** A character device 0:0 in a layer hides what lower layers have at its path. */
async function maskPaths(mask: string, paths: readonly string[], removed: boolean, tools: MachineTools): Promise<void> {
  const script: string[] = [];
  for (const path of paths) {
    const target = join(mask, path);
    if (removed && path.startsWith("etc/")) {
      await rm(target, { recursive: true, force: true });
      continue;
    }
    mkdirSync(dirname(target), { recursive: true });
    script.push(`${quoteSh(tools.mknod)} ${quoteSh(target)} c 0 0`);
  }
  if (script.length > 0) await runTool(tools.sh, ["-ec", script.join("\n")]);
}

/** Copies what the lab's user may read; the rest does not exist in containers. */
async function copyReadable(source: string, target: string): Promise<void> {
  await cp(source, target, {
    recursive: true,
    verbatimSymlinks: true,
    filter: async (path) => {
      const { access, constants, lstat } = await import("node:fs/promises");
      const stat = await lstat(path);
      if (stat.isSymbolicLink()) return true;
      if (!stat.isDirectory() && !stat.isFile()) return false;
      return access(path, constants.R_OK).then(
        () => true,
        () => false,
      );
    },
  });
}
