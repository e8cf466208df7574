import { unreachable } from "@ordinal/kit";

import { WatchManager, WatchMode, type Watcher } from "./watch-manager.ts";

export type { WatchEvent, Watcher } from "./watch-manager.ts";

/** What checkWatches and removeWatches are about. Source: org.apache.zookeeper.Watcher.WatcherType. */
export const WatcherType = { children: 1, data: 2, any: 3, persistent: 4, persistentRecursive: 5 } as const;
export type WatcherType = (typeof WatcherType)[keyof typeof WatcherType];

/** `mode` of addWatch. Source: org.apache.zookeeper.ZooDefs.AddWatchModes. */
export const AddWatchMode = { persistent: 0, persistentRecursive: 1 } as const;
export type AddWatchMode = (typeof AddWatchMode)[keyof typeof AddWatchMode];

/**
 * The two tables of a server: `data` has the watches of getData and exists and the recursive ones, `child` those of getChildren;
 * a persistent watch is in both.
 *
 * Source: org.apache.zookeeper.server.DataTree.
 */
export class WatchTable {
  readonly data = new WatchManager();
  readonly child = new WatchManager();

  /** As `mntr` counts watches. */
  get size(): number {
    return this.data.size + this.child.size;
  }

  /** One-shot, by exists and getData. */
  addData(path: string, watcher: Watcher): void {
    this.data.add(path, watcher, WatchMode.standard);
  }

  /** One-shot, by getChildren. */
  addChild(path: string, watcher: Watcher): void {
    this.child.add(path, watcher, WatchMode.standard);
  }

  /** addWatch: these stay when they fire. */
  add(path: string, watcher: Watcher, mode: AddWatchMode): void {
    if (mode === AddWatchMode.persistentRecursive) {
      this.data.add(path, watcher, WatchMode.persistentRecursive);
      return;
    }
    this.data.add(path, watcher, WatchMode.persistent);
    this.child.add(path, watcher, WatchMode.persistent);
  }

  contains(path: string, watcher: Watcher, type: WatcherType): boolean {
    switch (type) {
      case WatcherType.children:
        return this.child.contains(path, watcher, WatchMode.standard);
      case WatcherType.data:
        return this.data.contains(path, watcher, WatchMode.standard);
      case WatcherType.persistent:
        return this.data.contains(path, watcher, WatchMode.persistent);
      case WatcherType.persistentRecursive:
        return this.data.contains(path, watcher, WatchMode.persistentRecursive);
      case WatcherType.any:
        return this.child.contains(path, watcher) || this.data.contains(path, watcher);
      default:
        return unreachable(type, "type of watcher");
    }
  }

  /** Whether there was one to remove. */
  remove(path: string, watcher: Watcher, type: WatcherType): boolean {
    switch (type) {
      case WatcherType.children:
        return this.child.remove(path, watcher, WatchMode.standard);
      case WatcherType.data:
        return this.data.remove(path, watcher, WatchMode.standard);
      case WatcherType.persistent: {
        const wasChild = this.child.remove(path, watcher, WatchMode.persistent);
        return this.data.remove(path, watcher, WatchMode.persistent) || wasChild;
      }
      case WatcherType.persistentRecursive:
        return this.data.remove(path, watcher, WatchMode.persistentRecursive);
      case WatcherType.any: {
        const wasChild = this.child.remove(path, watcher);
        return this.data.remove(path, watcher) || wasChild;
      }
      default:
        return unreachable(type, "type of watcher");
    }
  }

  /** A connection is gone. */
  removeWatcher(watcher: Watcher): void {
    this.data.removeWatcher(watcher);
    this.child.removeWatcher(watcher);
  }
}
