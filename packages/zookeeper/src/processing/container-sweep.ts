import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode } from "../jute/op-code.ts";
import type { DataTree } from "../tree/data-tree.ts";
import { ephemeralType, ttlOf } from "../tree/ephemeral-type.ts";
import type { Request } from "./request.ts";

// Source: org.apache.zookeeper.server.ContainerManager.

export interface ContainerSweepOptions {
  /** `znode.container.checkIntervalMs`: how often the leader looks. Smaller: empty containers go sooner, at more work. */
  readonly checkIntervalMs: number;
  /** `znode.container.maxPerMinute`: how many go in a minute, evenly spread. */
  readonly maxPerMinute: number;
  /** `znode.container.maxNeverUsedIntervalMs`: containers that never had a child go after this; 0: never. */
  readonly maxNeverUsedIntervalMs: number;
}

export const CONTAINER_SWEEP_DEFAULTS: ContainerSweepOptions = {
  checkIntervalMs: 60_000,
  maxPerMinute: 10_000,
  maxNeverUsedIntervalMs: 0,
};

const MINUTE_MS = 60_000;

/** Which containers and nodes with a time to live the leader deletes, and when. It lives as long as one leadership. */
export class ContainerSweep {
  readonly #options: ContainerSweepOptions;
  readonly #spacingMs: number;
  #nextCheckMs: number;
  #candidates: string[] = [];
  #nextDeleteMs: number;

  constructor(options: ContainerSweepOptions, nowMs: number) {
    this.#options = options;
    this.#spacingMs = Math.floor(MINUTE_MS / Math.max(1, options.maxPerMinute));
    this.#nextCheckMs = nowMs + options.checkIntervalMs;
    this.#nextDeleteMs = nowMs;
  }

  /** When to call `due` again. */
  nextDeadlineMs(): number {
    return this.#candidates.length > 0 ? this.#nextDeleteMs : this.#nextCheckMs;
  }

  /**
   * The nodes to ask deletion of now, by `deleteContainerRequest`; the preparer refuses those that are in use by then.
   *
   * @param nowMs the clock that does not jump  @param wallMs that of the nodes' mtime
   */
  due(tree: DataTree, nowMs: number, wallMs: number): string[] {
    if (this.#candidates.length === 0) {
      if (nowMs < this.#nextCheckMs) return [];
      this.#candidates = containerCandidates(tree, wallMs, this.#options.maxNeverUsedIntervalMs).reverse();
      this.#nextCheckMs = Math.max(this.#nextCheckMs + this.#options.checkIntervalMs, nowMs);
      this.#nextDeleteMs = nowMs;
    }
    const paths: string[] = [];
    while (this.#nextDeleteMs <= nowMs) {
      const path = this.#candidates.pop();
      if (path === undefined) break;
      paths.push(path);
      this.#nextDeleteMs += this.#spacingMs;
    }
    return paths;
  }
}

/** Empty containers that had a child once (a new one is not to go before its first), and nodes that outlived their time. */
export function containerCandidates(tree: DataTree, wallMs: number, maxNeverUsedIntervalMs: number): string[] {
  const candidates: string[] = [];
  for (const path of tree.containers) {
    const node = tree.node(path);
    if (node === undefined || node.numChildren > 0) continue;
    const isNeverUsedTooLong = maxNeverUsedIntervalMs !== 0 && wallMs - node.mtime > maxNeverUsedIntervalMs;
    if (node.cversion > 0 || isNeverUsedTooLong) candidates.push(path);
  }
  for (const path of tree.ttls) {
    const node = tree.node(path);
    if (node === undefined || node.numChildren > 0) continue;
    if (ephemeralType(node.ephemeralOwner, tree.options) !== "ttl") continue;
    const ttl = ttlOf(node.ephemeralOwner, tree.options);
    if (ttl !== 0 && wallMs - node.mtime > ttl) candidates.push(path);
  }
  return candidates;
}

export function deleteContainerRequest(path: string): Request {
  const writer = new JuteWriter();
  writer.ustring(path);
  const record = writer.written();
  return { sessionId: 0n, cxid: 0, type: OpCode.deleteContainer, record, authInfo: [], owner: undefined };
}
