import type { Clock, Log } from "@ordinal/io";

import type { Client } from "../api/client.ts";
import { isStatus } from "../api/status-error.ts";
import { apiTime } from "../kinds/api-time.ts";

/** What an event is about. */
export interface EventSubject {
  readonly kind: "Pod" | "Node";
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
  /** The node that tells it. */
  readonly host: string;
}

/** Events waiting to be written; more are dropped, since they only tell people what the statuses say too. */
const QUEUE_MAX = 10_000;
/** Kinds of event remembered for counting repetitions. */
const KNOWN_MAX = 4096;

interface Known {
  readonly namespace: string;
  readonly name: string;
  count: number;
}

/** Writes the kubelet's events one after the other; a repeated one counts up instead (client-go `tools/record/events_cache.go`). */
export class KubeletEvents {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #known = new Map<string, Known>();
  readonly #queue: {
    readonly subject: EventSubject;
    readonly type: string;
    readonly reason: string;
    readonly message: string;
    readonly at: number;
  }[] = [];
  #writing = false;
  #serial = 0;
  #stopped = false;

  constructor(client: Client, clock: Clock, log: Log) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
  }

  record(subject: EventSubject, type: "Normal" | "Warning", reason: string, message: string): void {
    if (this.#stopped || this.#queue.length >= QUEUE_MAX) return;
    this.#queue.push({ subject, type, reason, message, at: this.#clock.now() });
    if (!this.#writing) void this.#drain();
  }

  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        await this.#write(next.subject, next.type, next.reason, next.message, next.at);
      } catch (error) {
        // An event of a namespace that is going away has no place any more.
        if (!this.#stopped) this.#log.debug("event-not-written", { reason: next.reason, error: String(error) });
      }
    }
    this.#writing = false;
  }

  async #write(subject: EventSubject, type: string, reason: string, message: string, at: number): Promise<void> {
    const key = JSON.stringify([
      subject.host,
      subject.kind,
      subject.namespace,
      subject.name,
      subject.uid,
      subject.fieldPath,
      type,
      reason,
      message,
    ]);
    const known = this.#known.get(key);
    if (known !== undefined) {
      try {
        await this.#client.patch(
          "events",
          known.namespace,
          known.name,
          { count: known.count + 1, lastTimestamp: apiTime(at) },
          { type: "merge" },
        );
        known.count += 1;
        return;
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
    const namespace = subject.namespace === "" ? "default" : subject.namespace;
    // Names are unique and grow with time, as the original's nanoseconds in hexadecimal do.
    this.#serial = (this.#serial + 1) % 1_000_000;
    const name = `${subject.name}.${(BigInt(at) * 1_000_000n + BigInt(this.#serial)).toString(16)}`;
    await this.#client.create(
      "events",
      eventObject(name, namespace, subject, { type, reason, message, time: apiTime(at) }),
      { manager: "kubelet" },
    );
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value ?? "");
    this.#known.set(key, { namespace, name, count: 1 });
  }
}

function eventObject(
  name: string,
  namespace: string,
  subject: EventSubject,
  what: { type: string; reason: string; message: string; time: string },
): object {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace },
    involvedObject: {
      apiVersion: "v1",
      ...(subject.fieldPath === undefined ? {} : { fieldPath: subject.fieldPath }),
      kind: subject.kind,
      name: subject.name,
      ...(subject.namespace === "" ? {} : { namespace: subject.namespace }),
      ...(subject.resourceVersion === undefined ? {} : { resourceVersion: subject.resourceVersion }),
      uid: subject.uid,
    },
    count: 1,
    eventTime: null,
    firstTimestamp: what.time,
    lastTimestamp: what.time,
    message: what.message,
    reason: what.reason,
    reportingComponent: "kubelet",
    reportingInstance: subject.host,
    source: { component: "kubelet", host: subject.host },
    type: what.type,
  };
}
