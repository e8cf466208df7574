import type { Clock, Log, Timer } from "@ordinal/io";

import type { Kind } from "../kinds/kind.ts";
import type { DeleteOptions } from "./client.ts";
import type { KindTable } from "./kind-table.ts";
import type { KubeObject } from "./object.ts";
import type { WriteOptions } from "./request-options.ts";

/** Events are forgotten so long after their last change, as the original's `--event-ttl` has it. */
const TTL_MS = 60 * 60 * 1000;
const SWEEP_INTERVAL_MS = 60 * 1000;

/** The registry, as far as events need it. */
interface Events {
  readonly table: KindTable;
  peekAll(resource: string): readonly KubeObject[];
  delete(kind: Kind, namespace: string, name: string, request: DeleteOptions, options: WriteOptions): Promise<unknown>;
}

/** Deletes old events. Nobody else does: they have no owner. */
export class EventExpiry {
  readonly #registry: Events;
  readonly #clock: Clock;
  readonly #log: Log | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(registry: Events, clock: Clock, log: Log | undefined) {
    this.#registry = registry;
    this.#clock = clock;
    this.#log = log;
    if (registry.table.find("events") !== undefined) this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#timer = this.#clock.setTimer(SWEEP_INTERVAL_MS, () => {
      this.#sweep().then(
        () => this.#arm(),
        (error: unknown) => {
          this.#log?.warn("event-expiry-failed", { error: String(error) });
          this.#arm();
        },
      );
    });
  }

  async #sweep(): Promise<void> {
    const kind = this.#registry.table.named("events");
    const limit = this.#clock.now() - TTL_MS;
    const old = this.#registry.peekAll("events").filter((event) => lastChange(event) < limit);
    await Promise.all(
      old.map(({ metadata }) =>
        this.#registry
          .delete(kind, metadata.namespace ?? "", metadata.name, { preconditions: { uid: metadata.uid } }, {})
          .catch(() => undefined),
      ),
    );
  }
}

function lastChange(event: KubeObject): number {
  const times = [event.metadata.creationTimestamp, event["lastTimestamp"], event["eventTime"]];
  return Math.max(...times.map((time) => (typeof time === "string" ? Date.parse(time) || 0 : 0)));
}
