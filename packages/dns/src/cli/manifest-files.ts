/**
 * The files on the command line and what they say now. A file that becomes unreadable or wrong keeps what it last said,
 * because an editor in the middle of saving must not take names away.
 */
import { type FSWatcher, readFileSync, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

import { explainSystemError, type Log } from "@ordinal/io";

import { type ManifestObject, parseManifest } from "../manifests/parse.ts";

/** Between an event and reading: a file is written in more than one step. */
const SETTLE_MS = 40;
/** Mounted and network folders send no events, so everything is looked at this often as well. */
const RECHECK_MS = 500;

interface FollowedFile {
  readonly path: string;
  /** What tells one state of the file from another. */
  stamp: string;
  objects: readonly ManifestObject[];
}

export class ManifestFiles {
  readonly #files: readonly FollowedFile[];
  readonly #log: Log;
  readonly #watchers: FSWatcher[] = [];
  #recheck: NodeJS.Timeout | undefined;
  #settle: NodeJS.Timeout | undefined;

  private constructor(files: readonly FollowedFile[], log: Log) {
    this.#files = files;
    this.#log = log;
  }

  /** Reads all files. If any cannot be used, `problems` says why, one sentence each with file and line. */
  static open(
    paths: readonly string[],
    log: Log,
  ): { readonly files: ManifestFiles } | { readonly problems: readonly string[] } {
    const files: FollowedFile[] = [];
    const problems: string[] = [];
    for (const path of new Set(paths)) {
      const stamp = stampOf(path);
      const read = readManifests(path);
      if ("problems" in read) problems.push(...read.problems);
      else files.push({ path, stamp, objects: read.objects });
    }
    return problems.length > 0 ? { problems } : { files: new ManifestFiles(files, log) };
  }

  get count(): number {
    return this.#files.length;
  }

  get objects(): ManifestObject[] {
    return this.#files.flatMap((file) => file.objects);
  }

  /** Calls `onChange` after each change that could be read, until `close`. */
  follow(onChange: () => void): void {
    for (const folder of new Set(this.#files.map((file) => dirname(file.path)))) {
      const names = new Set(
        this.#files.filter((file) => dirname(file.path) === folder).map((file) => basename(file.path)),
      );
      try {
        // The folder and not the file: editors replace files by renaming.
        const watcher = watch(folder, (_event, name) => {
          if (name === null || names.has(name)) this.#checkSoon(onChange);
        });
        watcher.on("error", (error) => this.#log.debug("dns.manifests.unwatched", { folder, error: String(error) }));
        this.#watchers.push(watcher);
      } catch (error) {
        // No inotify left, for example: the regular look still finds every change.
        this.#log.debug("dns.manifests.unwatched", { folder, error: String(error) });
      }
    }
    this.#recheck = setInterval(() => this.#check(onChange), RECHECK_MS);
  }

  close(): void {
    clearInterval(this.#recheck);
    clearTimeout(this.#settle);
    for (const watcher of this.#watchers) watcher.close();
  }

  #checkSoon(onChange: () => void): void {
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#check(onChange), SETTLE_MS);
  }

  #check(onChange: () => void): void {
    let changed = false;
    for (const file of this.#files) {
      const stamp = stampOf(file.path);
      if (stamp === file.stamp) continue;
      file.stamp = stamp;
      const read = readManifests(file.path);
      if ("problems" in read) {
        for (const problem of read.problems) this.#log.warn("dns.manifests.kept-old", { problem });
        continue;
      }
      file.objects = read.objects;
      changed = true;
      this.#log.info("dns.manifests.read", { file: file.path, objects: read.objects.length });
    }
    if (changed) onChange();
  }
}

function readManifests(
  path: string,
): { readonly objects: ManifestObject[] } | { readonly problems: readonly string[] } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return { problems: [explainSystemError(error, `read ${path}`)] };
  }
  const parsed = parseManifest(text);
  if ("objects" in parsed) return parsed;
  return { problems: parsed.problems.map(({ line, message }) => `${path}:${line}: ${message}`) };
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return "absent";
  }
}
