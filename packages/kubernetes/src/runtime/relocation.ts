import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { Image } from "@ordinal/images";

import { programScript } from "./image-layer.ts";
import type { Mount, SandboxConfig } from "./pod-runtime.ts";

/**
 * Without a mount namespace a container's paths lie elsewhere: below a folder of its own, reached over a short link
 * without blanks. Command lines that name a path of the container get the real one; programs of the images find the rest
 * by `pathMap`, which is in their environment.
 */
export interface Relocation {
  /** Folder that stands for the container's `/`. */
  readonly root: string;
  /** Folder of programs to put first on the PATH. */
  readonly programs: string;
  /** Paths of the container and what stands for them: a path means the entry of its longest beginning. */
  readonly pathMap: Readonly<Record<string, string>>;
  /** The same text with every path of the image's files and the mounts replaced. */
  relocate(text: string): string;
}

export interface RelocationInput {
  /** Missing or empty folder of this run, whose path has no blanks or quotes. */
  readonly root: string;
  readonly sandbox: SandboxConfig;
  readonly image: Image;
  readonly mounts: readonly Mount[];
  /** Where Node keeps what it compiled. */
  readonly compileCache: string;
}

/** Lays out the image's files, its programs, and links in place of the mounts. */
export function relocateContainer({ root, sandbox, image, mounts, compileCache }: RelocationInput): Relocation {
  const programs = join(root, "usr/local/bin");
  mkdirSync(programs, { recursive: true });
  const moved = [...mounts.map(({ target }) => target), ...image.files.map(({ path }) => path)];
  // Longest first: /data/log must not become what /data became.
  const ordered = [...new Set(moved)].toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![\\w./-])(?:${ordered.map(escapeRegExp).join("|")})(?![\\w-])`, "g");
  const relocate = (text: string) => (ordered.length === 0 ? text : text.replace(pattern, (path) => join(root, path)));

  // A volume inside another one cannot be a link inside a link: outer folders first, inner ones only where they fit.
  for (const { source, target } of mounts.toSorted((a, b) => a.target.length - b.target.length)) {
    const path = join(root, target);
    if (mounts.some((outer) => target.startsWith(`${outer.target}/`))) continue;
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(source, path);
  }
  for (const { path, content, mode } of image.files) {
    if (mounts.some(({ target }) => path === target || path.startsWith(`${target}/`))) continue;
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === "string") writeFileSync(file, content);
    else copyFileSync(content.copyOf, file);
    chmodSync(file, mode);
  }
  for (const [name, command] of Object.entries(image.programs)) {
    const base = name.slice(name.lastIndexOf("/") + 1);
    writeProgram(join(programs, base), programScript(command, compileCache));
  }
  // The one thing of a UTS namespace that a script can give.
  writeProgram(join(programs, "hostname"), hostnameScript(sandbox));
  for (const folder of ["etc", ...OWN_FOLDERS]) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "etc/hosts"), sandbox.hostsFile);
  writeFileSync(join(root, "etc/resolv.conf"), sandbox.resolvFile);
  const imageFolders = image.files.map(({ path }) => dirname(path)).filter((folder) => !SHARED_FOLDERS.has(folder));
  const own = [...OWN_FOLDERS.map((folder) => `/${folder}`), ...imageFolders, ...image.files.map(({ path }) => path)];
  const pathMap = Object.fromEntries([
    ...own.map((path) => [path, join(root, path)]),
    ...mounts.map(({ source, target }) => [target, source]),
  ]);
  return { root, programs, pathMap, relocate };
}

/** Folders that every container has to itself. */
const OWN_FOLDERS = ["run", "var/log", "var/run", "var/cache"];

/** Folders of the machine that an image adds files to without owning them. */
const SHARED_FOLDERS = new Set(["/", "/etc", "/usr/bin", "/usr/sbin", "/usr/share", "/usr/lib", "/usr/local/bin"]);

function writeProgram(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

function hostnameScript({ hostname, fqdn, address }: SandboxConfig): string {
  return `#!/bin/sh
case \${1-} in
-f | --fqdn | --long) echo '${fqdn}' ;;
-i | -I | --ip-address | --all-ip-addresses) echo '${address}' ;;
-d | --domain) echo '${fqdn.includes(".") ? fqdn.slice(fqdn.indexOf(".") + 1) : ""}' ;;
*) echo '${hostname}' ;;
esac
`;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
