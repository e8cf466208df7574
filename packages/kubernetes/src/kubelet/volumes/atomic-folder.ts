/**
 * A folder whose files change all at once: they live in a hidden folder with a time in its name, `..data` points at it,
 * and what users open are links through `..data`. As kubernetes `pkg/volume/util/atomic_writer.go` does it.
 */
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, normalize } from "node:path";

import type { VolumeFile } from "./content.ts";

/** Makes `folder` hold exactly `files`. True when that changed something. Rejects for paths that leave the folder. */
export async function writeAtomically(
  folder: string,
  files: ReadonlyMap<string, VolumeFile>,
  now: number,
): Promise<boolean> {
  for (const path of files.keys()) {
    const clean = normalize(path);
    if (clean.startsWith("/") || clean.startsWith("..") || path === "")
      throw new Error(`invalid path: must not contain '..': ${path}`);
  }
  await mkdir(folder, { recursive: true });
  const before = await readlink(join(folder, "..data")).catch(() => undefined);
  if (before !== undefined && (await isSame(join(folder, before), files))) return false;
  const stamp = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "_");
  const payload = await mkdtemp(join(folder, `..${stamp}.`));
  await chmod(payload, 0o755);
  for (const [path, { content, mode }] of files) {
    const target = join(payload, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await writeFile(target, content);
    await chmod(target, mode);
  }
  const link = join(folder, "..data_tmp");
  await rm(link, { force: true });
  await symlink(payload.slice(folder.length + 1), link);
  await rename(link, join(folder, "..data"));
  await linkEntries(folder, new Set([...files.keys()].map((path) => normalize(path).split("/")[0] ?? path)));
  if (before !== undefined) await rm(join(folder, before), { recursive: true, force: true });
  return true;
}

async function linkEntries(folder: string, wanted: ReadonlySet<string>): Promise<void> {
  const present = new Set((await readdir(folder)).filter((name) => !name.startsWith("..")));
  for (const name of wanted) if (!present.has(name)) await symlink(join("..data", name), join(folder, name));
  for (const name of present) if (!wanted.has(name)) await unlink(join(folder, name));
}

async function isSame(payload: string, files: ReadonlyMap<string, VolumeFile>): Promise<boolean> {
  const entries = await readdir(payload, { recursive: true, withFileTypes: true }).catch(() => []);
  if (entries.filter((entry) => entry.isFile()).length !== files.size) return false;
  for (const [path, { content, mode }] of files) {
    const target = join(payload, path);
    const stat = await lstat(target).catch(() => undefined);
    if (stat === undefined || (stat.mode & 0o777) !== (mode & 0o777)) return false;
    if (!content.equals(await readFile(target))) return false;
  }
  return true;
}
