import type { Clock, Timer } from "@ordinal/io";

import { integerProperty, type SystemProperties } from "../config/system-properties.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode } from "../jute/op-code.ts";
import type { Request } from "../processing/request.ts";
import type { Database } from "../tree/database.ts";
import { ephemeralType, ttlOf } from "../tree/ephemeral-type.ts";

const CHECK_INTERVAL_MS = 60_000;
const PER_MINUTE_MAX = 10_000;
const MINUTE_MS = 60_000;

/**
 * Asks for the removal of container nodes that lost their last child and of TTL nodes whose time has passed, on whoever orders
 * transactions. Whether they still are empty is decided when the request is prepared.
 *
 * Source: org.apache.zookeeper.server.ContainerManager.
 */
export class ContainerSweeper {
  readonly #clock: Clock;
  readonly #database: Database;
  readonly #submit: (request: Request) => void;
  readonly #checkIntervalMs: number;
  readonly #gapMs: number;
  /** 0: containers that never had a child stay. */
  readonly #neverUsedMs: number;
  #timer: Timer | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly database: Database;
    readonly properties: SystemProperties;
    readonly submit: (request: Request) => void;
  }) {
    const { properties } = options;
    this.#clock = options.clock;
    this.#database = options.database;
    this.#submit = options.submit;
    this.#checkIntervalMs = Math.max(
      1,
      integerProperty(properties, "znode.container.checkIntervalMs", CHECK_INTERVAL_MS),
    );
    const perMinute = Math.max(1, integerProperty(properties, "znode.container.maxPerMinute", PER_MINUTE_MAX));
    this.#gapMs = Math.floor(MINUTE_MS / perMinute);
    this.#neverUsedMs = integerProperty(properties, "znode.container.maxNeverUsedIntervalMs", 0);
  }

  start(): void {
    this.#timer = this.#clock.setTimer(this.#checkIntervalMs, () => this.#sweep(this.candidates()));
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  candidates(): string[] {
    const { tree } = this.#database;
    const nowMs = this.#clock.now();
    const paths: string[] = [];
    for (const path of tree.containers) {
      const node = tree.node(path);
      if (node === undefined || node.numChildren > 0) continue;
      // One that was just made has had no time to get its first child.
      const isUsed = node.cversion > 0;
      if (isUsed || (this.#neverUsedMs > 0 && nowMs - node.mtime > this.#neverUsedMs)) paths.push(path);
    }
    for (const path of tree.ttls) {
      const node = tree.node(path);
      if (node === undefined || node.numChildren > 0) continue;
      if (ephemeralType(node.ephemeralOwner, tree.options) !== "ttl") continue;
      const ttl = ttlOf(node.ephemeralOwner, tree.options);
      if (ttl !== 0 && nowMs - node.mtime > ttl) paths.push(path);
    }
    return paths;
  }

  #sweep(paths: readonly string[]): void {
    const [path, ...later] = paths;
    if (path === undefined) {
      this.start();
      return;
    }
    const writer = new JuteWriter();
    writer.ustring(path);
    this.#submit({
      sessionId: 0n,
      cxid: 0,
      type: OpCode.deleteContainer,
      record: writer.written(),
      authInfo: [],
      owner: undefined,
    });
    this.#timer = this.#clock.setTimer(this.#gapMs, () => this.#sweep(later));
  }
}
