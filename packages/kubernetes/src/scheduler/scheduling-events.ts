// Events as the scheduler makes them, with k8s.io/client-go/tools/events: what is said again is a series.
import type { Clock, Log } from "@ordinal/io";

import type { Client } from "../api/client.ts";
import { isStatus } from "../api/status-error.ts";
import { eventSuffix, subjectOf } from "../controllers/event-recorder.ts";
import type { StoredPod } from "../controllers/view.ts";
import { apiMicroTime } from "../kinds/api-time.ts";

/** A series ends when nothing was said for this long. */
const SERIES_MS = 360_000;
const SERIES_MAX = 4096;
const COMPONENT = "default-scheduler";

export interface SchedulingNote {
  readonly type: "Normal" | "Warning";
  readonly reason: "Scheduled" | "FailedScheduling";
  readonly action: "Binding" | "Scheduling";
  readonly message: string;
}

interface Series {
  readonly namespace: string;
  readonly name: string;
  count: number;
  last: number;
}

export class SchedulingEvents {
  readonly #ports: { readonly client: Client; readonly clock: Clock; readonly log: Log };
  readonly #instance: string;
  readonly #series = new Map<string, Series>();
  #tail: Promise<void> = Promise.resolve();
  #sequence = 0;

  /** `instance` tells schedulers apart: `default-scheduler-<host>`. */
  constructor(ports: { readonly client: Client; readonly clock: Clock; readonly log: Log }, instance: string) {
    this.#ports = ports;
    this.#instance = instance;
  }

  record(pod: StoredPod, note: SchedulingNote): void {
    const now = this.#ports.clock.now();
    this.#tail = this.#tail.then(() =>
      this.#write(pod, note, now).catch((error: unknown) => {
        this.#ports.log.debug("event-not-recorded", {
          component: COMPONENT,
          reason: note.reason,
          error: String(error),
        });
      }),
    );
  }

  async #write(pod: StoredPod, note: SchedulingNote, now: number): Promise<void> {
    const { client } = this.#ports;
    const key = `${pod.metadata.uid}\n${note.reason}\n${note.message}`;
    const known = this.#series.get(key);
    if (known !== undefined && now - known.last < SERIES_MS) {
      known.count++;
      known.last = now;
      try {
        const patch = { series: { count: known.count, lastObservedTime: apiMicroTime(now) } };
        await client.patch("events", known.namespace, known.name, patch, { type: "merge" });
        return;
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
    const namespace = pod.metadata.namespace ?? "default";
    const name = `${pod.metadata.name}.${eventSuffix(now, this.#sequence++)}`;
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace },
      involvedObject: { ...subjectOf(pod), apiVersion: "v1", kind: "Pod" },
      reason: note.reason,
      message: note.message,
      type: note.type,
      action: note.action,
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: apiMicroTime(now),
      reportingComponent: COMPONENT,
      reportingInstance: this.#instance,
    };
    await client.create("events", event, { manager: "kube-scheduler" });
    this.#series.delete(key);
    this.#series.set(key, { namespace, name, count: 1, last: now });
    for (const oldest of this.#series.keys()) {
      if (this.#series.size <= SERIES_MAX) break;
      this.#series.delete(oldest);
    }
  }
}
