import type { Acl } from "../jute/data-records.ts";
import type { EventType } from "../jute/proto-records.ts";
import { type SessionId, sessionHex, type Zxid } from "../jute/zxid.ts";

export interface WatchEvent {
  readonly type: EventType;
  readonly path: string;
  /** Of the change; -1 for what `setWatches` finds missed. */
  readonly zxid: Zxid;
  /** Of the node the event is about: only who may read it is told. Undefined: everybody. */
  readonly acl: readonly Acl[] | undefined;
}

/** A connection, to the tree: compared by identity, told at the moment a change is applied. */
export interface Watcher {
  readonly sessionId: SessionId;
  process(event: WatchEvent): void;
}

/** Bits; one watcher may watch one path in several modes at once. */
export const WatchMode = { standard: 1, persistent: 2, persistentRecursive: 4 } as const;
export type WatchMode = (typeof WatchMode)[keyof typeof WatchMode];

/**
 * One table of watches: who watches which path.
 *
 * Source: org.apache.zookeeper.server.watch.WatchManager.
 */
export class WatchManager {
  readonly #byPath = new Map<string, Set<Watcher>>();
  readonly #byWatcher = new Map<Watcher, Map<string, number>>();
  #recursiveCount = 0;

  /** How many watches: pairs of a path and a watcher. */
  get size(): number {
    let size = 0;
    for (const watchers of this.#byPath.values()) size += watchers.size;
    return size;
  }

  get pathCount(): number {
    return this.#byPath.size;
  }

  /** Watchers that had a watch here once and are not gone: the original counts them so. */
  get watcherCount(): number {
    return this.#byWatcher.size;
  }

  /** Pairs of a path and a watcher, counted from the watchers. */
  get totalWatches(): number {
    let total = 0;
    for (const paths of this.#byWatcher.values()) total += paths.size;
    return total;
  }

  /** Whether this is new. */
  add(path: string, watcher: Watcher, mode: WatchMode): boolean {
    let watchers = this.#byPath.get(path);
    if (watchers === undefined) this.#byPath.set(path, (watchers = new Set()));
    watchers.add(watcher);
    let paths = this.#byWatcher.get(watcher);
    if (paths === undefined) this.#byWatcher.set(watcher, (paths = new Map()));
    const modes = paths.get(path) ?? 0;
    if ((modes & mode) !== 0) return false;
    paths.set(path, modes | mode);
    if (mode === WatchMode.persistentRecursive) this.#recursiveCount++;
    return true;
  }

  /** @param mode undefined: any */
  contains(path: string, watcher: Watcher, mode?: WatchMode): boolean {
    const modes = this.#byWatcher.get(watcher)?.get(path) ?? 0;
    return mode === undefined ? modes !== 0 : (modes & mode) !== 0;
  }

  /** Takes one mode, or without `mode` all, of a watcher's watch of a path away; whether there was such. */
  remove(path: string, watcher: Watcher, mode?: WatchMode): boolean {
    const paths = this.#byWatcher.get(watcher);
    const modes = paths?.get(path);
    if (paths === undefined || modes === undefined) return false;
    const left = mode === undefined ? 0 : modes & ~mode;
    if (left === modes) return false;
    if ((modes & ~left & WatchMode.persistentRecursive) !== 0) this.#recursiveCount--;
    if (left !== 0) {
      paths.set(path, left);
      return true;
    }
    paths.delete(path);
    if (paths.size === 0) this.#byWatcher.delete(watcher);
    this.#unlist(path, watcher);
    return true;
  }

  /** A connection is gone: none of its watches stays. */
  removeWatcher(watcher: Watcher): void {
    const paths = this.#byWatcher.get(watcher);
    if (paths === undefined) return;
    this.#byWatcher.delete(watcher);
    for (const [path, modes] of paths) {
      this.#unlist(path, watcher);
      if ((modes & WatchMode.persistentRecursive) !== 0) this.#recursiveCount--;
    }
  }

  /**
   * Tells those who watch the path, and those who watch it from above; one-shot watches are used up by it.
   *
   * @param suppressed watchers that were told by the other table
   * @returns the watchers it found, whether told or suppressed
   */
  trigger(
    path: string,
    type: EventType,
    zxid: Zxid,
    acl: readonly Acl[] | undefined,
    suppressed?: ReadonlySet<Watcher>,
  ): ReadonlySet<Watcher> | undefined {
    if (this.#byPath.size === 0) return undefined;
    const found = this.#collect(path);
    if (found === undefined) return undefined;
    const event: WatchEvent = { type, path, zxid, acl };
    for (const watcher of found) if (suppressed?.has(watcher) !== true) watcher.process(event);
    return found;
  }

  #collect(path: string): Set<Watcher> | undefined {
    let found: Set<Watcher> | undefined;
    const here = this.#byPath.get(path);
    if (here !== undefined) {
      found = new Set(here);
      for (const watcher of found) {
        const paths = this.#byWatcher.get(watcher);
        const left = (paths?.get(path) ?? 0) & ~WatchMode.standard;
        if (left !== 0) {
          paths?.set(path, left);
        } else {
          // The watcher's own map stays though it be empty: it will watch again, and the original counts it.
          paths?.delete(path);
          here.delete(watcher);
        }
      }
      if (here.size === 0) this.#byPath.delete(path);
    }
    if (this.#recursiveCount === 0) return found;
    for (let above = path; above.length > 1;) {
      above = above.slice(0, Math.max(1, above.lastIndexOf("/")));
      for (const watcher of this.#byPath.get(above) ?? []) {
        const modes = this.#byWatcher.get(watcher)?.get(above) ?? 0;
        if ((modes & WatchMode.persistentRecursive) !== 0) (found ??= new Set()).add(watcher);
      }
    }
    return found;
  }

  /** For `wchs`: without a line break at the end. */
  summary(): string {
    return `${this.watcherCount} connections watching ${this.pathCount} paths\nTotal watches:${this.totalWatches}`;
  }

  /** For `wchp`: each path, then its watchers' sessions. */
  dumpByPath(): string {
    let text = "";
    for (const [path, watchers] of this.#byPath) {
      text += `${path}\n`;
      for (const watcher of watchers) text += `\t0x${sessionHex(watcher.sessionId)}\n`;
    }
    return text;
  }

  /** For `wchc`: each watcher's session, then its paths. */
  dumpByWatcher(): string {
    let text = "";
    for (const [watcher, paths] of this.#byWatcher) {
      text += `0x${sessionHex(watcher.sessionId)}\n`;
      for (const path of paths.keys()) text += `\t${path}\n`;
    }
    return text;
  }

  /** For the admin server's `watches`. */
  *bySession(): Generator<readonly [sessionId: SessionId, paths: readonly string[]]> {
    for (const [watcher, paths] of this.#byWatcher) yield [watcher.sessionId, [...paths.keys()]];
  }

  /** For the admin server's `watches_by_path`. */
  *byPath(): Generator<readonly [path: string, sessionIds: readonly SessionId[]]> {
    for (const [path, watchers] of this.#byPath) yield [path, [...watchers].map((watcher) => watcher.sessionId)];
  }

  #unlist(path: string, watcher: Watcher): void {
    const watchers = this.#byPath.get(path);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#byPath.delete(path);
  }
}
