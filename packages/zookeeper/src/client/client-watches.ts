import { ErrorCode } from "../jute/error-code.ts";
import { EventType, type SetWatchesRequest } from "../jute/proto-records.ts";
import type { Zxid } from "../jute/zxid.ts";
import { KeeperError } from "./keeper-error.ts";
import type { WatchedEvent, Watcher } from "./watched-event.ts";

// Source: org.apache.zookeeper.ZKWatchManager, and ClientCnxn.primeConnection for what a new connection sets again.

export type WatchTable = "data" | "exist" | "child" | "persistent" | "persistentRecursive";

/** Source: Watcher.WatcherType; the values are the wire's. */
export const WatcherType = { children: 1, data: 2, any: 3, persistent: 4, persistentRecursive: 5 } as const;
export type WatcherType = (typeof WatcherType)[keyof typeof WatcherType];

/** A packet of paths ends after this many characters; servers bound what they accept. Source: SET_WATCHES_MAX_LENGTH. */
const SET_WATCHES_LENGTH_MAX = 128 * 1024;

const TABLES_OF_TYPE: Readonly<Record<WatcherType, readonly WatchTable[]>> = {
  [WatcherType.children]: ["child"],
  [WatcherType.data]: ["data", "exist"],
  [WatcherType.persistent]: ["persistent"],
  [WatcherType.persistentRecursive]: ["persistentRecursive"],
  [WatcherType.any]: ["child", "data", "exist", "persistent", "persistentRecursive"],
};

/**
 * The watches that this client has set and that did not fire, by the client's own paths (without the chroot). The server
 * forgets its side with every connection; `again` says what to tell the next server.
 */
export class ClientWatches {
  readonly #tables: Readonly<Record<WatchTable, Map<string, Set<Watcher>>>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
    persistent: new Map(),
    persistentRecursive: new Map(),
  };

  add(table: WatchTable, path: string, watcher: Watcher): void {
    const watchers = this.#tables[table].get(path);
    if (watchers === undefined) this.#tables[table].set(path, new Set([watcher]));
    else watchers.add(watcher);
  }

  /** Everybody who has set a watch. */
  all(): Set<Watcher> {
    const found = new Set<Watcher>();
    for (const table of Object.values(this.#tables)) {
      for (const watchers of table.values()) for (const watcher of watchers) found.add(watcher);
    }
    return found;
  }

  /** Who is to be told of a server's event. One-shot watches that it fires are gone afterwards. */
  take(type: number, path: string): Set<Watcher> {
    const found = new Set<Watcher>();
    const addAll = (watchers: Set<Watcher> | undefined): void => {
      for (const watcher of watchers ?? []) found.add(watcher);
    };
    const fire = (table: WatchTable): void => {
      addAll(this.#tables[table].get(path));
      this.#tables[table].delete(path);
    };
    if (type !== EventType.nodeChildrenChanged) {
      fire("data");
      fire("exist");
    }
    if (type === EventType.nodeChildrenChanged || type === EventType.nodeDeleted) fire("child");
    addAll(this.#tables.persistent.get(path));
    // A recursive watch tells of the children themselves instead.
    if (type !== EventType.nodeChildrenChanged) {
      for (const ancestor of selfAndAncestors(path)) addAll(this.#tables.persistentRecursive.get(ancestor));
    }
    return found;
  }

  /** Whether `remove` would find something, whatever the server says. */
  has(path: string, type: WatcherType, watcher: Watcher | undefined): boolean {
    return TABLES_OF_TYPE[type].some((table) => {
      const watchers = this.#tables[table].get(path);
      return watchers !== undefined && (watcher === undefined || watchers.has(watcher));
    });
  }

  /**
   * Removes one watcher, or all where `watcher` is undefined; says whom to tell which event. Throws `KeeperError` noWatcher
   * where there is none.
   */
  remove(path: string, type: WatcherType, watcher: Watcher | undefined): { watcher: Watcher; event: number }[] {
    if (!this.has(path, type, watcher)) throw new KeeperError(ErrorCode.noWatcher, path);
    const removed = new Map<number, Set<Watcher>>();
    for (const table of TABLES_OF_TYPE[type]) {
      const watchers = this.#tables[table].get(path);
      if (watchers === undefined) continue;
      const event = removedEvent(table);
      const told = removed.get(event) ?? new Set();
      removed.set(event, told);
      for (const each of watcher === undefined ? [...watchers] : [watcher]) {
        if (watchers.delete(each)) told.add(each);
      }
      if (watchers.size === 0) this.#tables[table].delete(path);
    }
    return [...removed].flatMap(([event, told]) => [...told].map((each) => ({ watcher: each, event })));
  }

  /** What to send a new server: setWatches, or setWatches2 where a part has persistent watches; nothing if there are none. */
  *again(relativeZxid: Zxid, serverPath: (path: string) => string): Generator<SetWatchesRequest, void> {
    let part = emptyPart(relativeZxid);
    let length = 0;
    for (const table of ["data", "exist", "child", "persistent", "persistentRecursive"] as const) {
      for (const path of this.#tables[table].keys()) {
        const onServer = serverPath(path);
        part[`${table}Watches`].push(onServer);
        length += onServer.length;
        if (length < SET_WATCHES_LENGTH_MAX) continue;
        yield part;
        part = emptyPart(relativeZxid);
        length = 0;
      }
    }
    if (length > 0) yield part;
  }
}

/** Calls every watcher; one that throws does not keep the event from the others. */
export function tell(watchers: Iterable<Watcher>, event: WatchedEvent, onError: (error: unknown) => void): void {
  for (const watcher of watchers) {
    try {
      watcher(event);
    } catch (error) {
      onError(error);
    }
  }
}

function removedEvent(table: WatchTable): number {
  if (table === "child") return EventType.childWatchRemoved;
  return table === "data" || table === "exist" ? EventType.dataWatchRemoved : EventType.persistentWatchRemoved;
}

interface Part extends SetWatchesRequest {
  readonly dataWatches: string[];
  readonly existWatches: string[];
  readonly childWatches: string[];
  readonly persistentWatches: string[];
  readonly persistentRecursiveWatches: string[];
}

function emptyPart(relativeZxid: Zxid): Part {
  return {
    relativeZxid,
    dataWatches: [],
    existWatches: [],
    childWatches: [],
    persistentWatches: [],
    persistentRecursiveWatches: [],
  };
}

/** `/a/b`, `/a`, `/`. */
function* selfAndAncestors(path: string): Generator<string, void> {
  for (let at = path; ;) {
    yield at;
    if (at === "/" || at === "") return;
    at = at.slice(0, Math.max(1, at.lastIndexOf("/")));
  }
}
