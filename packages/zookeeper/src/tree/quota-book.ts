import { PathTrie } from "./path-trie.ts";
import { nameOf, parentOf } from "./path.ts";
import { LIMITS_NAME, PROC_PATH, QUOTA_PATH, STATS_NAME, StatsTrack, statsPath, withoutQuotaPath } from "./quota.ts";
import type { Znode } from "./znode.ts";

/**
 * Knows which paths have a quota, and keeps their `zookeeper_stats` nodes. These change on each server by itself: neither the
 * log nor the digest knows of it.
 *
 * Source: org.apache.zookeeper.server.DataTree.
 */
export class QuotaBook {
  readonly #nodes: ReadonlyMap<string, Znode>;
  readonly #limited = new PathTrie();

  /** @param nodes all nodes of the tree, by path */
  constructor(nodes: ReadonlyMap<string, Znode>) {
    this.#nodes = nodes;
  }

  /** The longest path at or above `path` that has a quota. */
  limitedPath(path: string): string | undefined {
    return this.#limited.longestPrefix(path);
  }

  /** The node has come to the tree. */
  created(path: string, node: Znode): void {
    if (path.startsWith(QUOTA_PATH)) {
      const parentPath = parentOf(path);
      const name = nameOf(path);
      if (parentPath.startsWith(QUOTA_PATH)) {
        if (name === LIMITS_NAME) this.#limited.add(withoutQuotaPath(parentPath));
        if (name === STATS_NAME) this.#count(withoutQuotaPath(parentPath));
      }
    }
    this.changed(path, node.dataLength, 1);
  }

  /** The node has left the tree. */
  deleted(path: string, node: Znode): void {
    if (path.startsWith(PROC_PATH) && nameOf(path) === LIMITS_NAME) {
      this.#limited.delete(withoutQuotaPath(parentOf(path)));
    }
    this.changed(path, -node.dataLength, -1);
  }

  /** At `path` there are so many bytes and nodes more, or fewer. */
  changed(path: string, bytes: number, count: number): void {
    const limited = this.#limited.longestPrefix(path);
    if (limited === undefined) return;
    const node = this.#nodes.get(statsPath(limited));
    if (node === undefined) return;
    const stats = StatsTrack.parse(node.data);
    stats.set("count", stats.get("count") + count).set("bytes", stats.get("bytes") + bytes);
    node.data = stats.toBytes();
  }

  /** After a snapshot: everything is counted anew, since the snapshot was taken while it changed. */
  setUp(): void {
    const open = [QUOTA_PATH];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const children = this.#nodes.get(at)?.children;
      if (children === undefined) continue;
      if (children.size === 0 && at.endsWith(`/${LIMITS_NAME}`)) {
        const limited = withoutQuotaPath(parentOf(at));
        this.#count(limited);
        this.#limited.add(limited);
      }
      for (const name of children) open.push(`${at}/${name}`);
    }
  }

  clear(): void {
    this.#limited.clear();
  }

  /** Counts everything at and below `path`. */
  #count(path: string): void {
    const stats = this.#nodes.get(statsPath(path));
    if (stats === undefined) return;
    let count = 0;
    let bytes = 0;
    const open = [path];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const node = this.#nodes.get(at);
      if (node === undefined) continue;
      count++;
      bytes += node.dataLength;
      for (const name of node.children) open.push(`${at}/${name}`);
    }
    stats.data = new StatsTrack().set("bytes", bytes).set("count", count).toBytes();
  }
}
