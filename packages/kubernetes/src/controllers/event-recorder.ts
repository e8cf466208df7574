// Events as k8s.io/client-go/tools/record makes them: what repeats is counted in one object, what varies only in its
// message is combined after ten, and one subject gets no more than a burst and then a trickle.
import type { Clock, Log } from "@ordinal/io";

import type { Client } from "../api/client.ts";
import { isStatus } from "../api/status-error.ts";
import { apiTime } from "../kinds/api-time.ts";
import type { EventNote, EventSubject } from "./plan.ts";

/** Different messages of one reason about one subject within this time … */
const SIMILAR_WINDOW_MS = 600_000;
/** … beyond this number become one event. */
const SIMILAR_MAX = 10;
/** Events that one source may say about one subject at once. */
const BURST = 25;
/** Time in which a spent one comes back. */
const REFILL_MS = 300_000;
/** Subjects and texts remembered; the longest unused are forgotten and start anew. */
const MEMORY_MAX = 4096;

interface Recorded {
  readonly namespace: string;
  readonly name: string;
  count: number;
}

interface Similar {
  readonly messages: Set<string>;
  last: number;
}

interface Allowance {
  tokens: number;
  at: number;
}

/** Writes events one after the other, in the background: what they tell of never waits for them. */
export class EventRecorder {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #component: string;
  readonly #manager: string;
  readonly #recorded = new Map<string, Recorded>();
  readonly #similar = new Map<string, Similar>();
  readonly #allowances = new Map<string, Allowance>();
  #tail: Promise<void> = Promise.resolve();
  #sequence = 0;

  /** `component` is who speaks, e.g. `statefulset-controller`; `manager` owns the events' fields. */
  constructor(
    ports: { readonly client: Client; readonly clock: Clock; readonly log: Log },
    component: string,
    manager: string,
  ) {
    this.#client = ports.client;
    this.#clock = ports.clock;
    this.#log = ports.log;
    this.#component = component;
    this.#manager = manager;
  }

  record(note: EventNote): void {
    const now = this.#clock.now();
    const subject = subjectKey(note.about);
    if (!this.#allow(subject, now)) return;
    const [key, message] = this.#combine(note, subject, now);
    this.#tail = this.#tail.then(() => this.#write(note, key, message, now));
  }

  /** Resolves when everything recorded so far is written or given up. */
  async flushed(): Promise<void> {
    await this.#tail;
  }

  #allow(subject: string, now: number): boolean {
    const known = this.#allowances.get(subject) ?? { tokens: BURST, at: now };
    const tokens = Math.min(BURST, known.tokens + (now - known.at) / REFILL_MS);
    remember(this.#allowances, subject, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  }

  #combine(note: EventNote, subject: string, now: number): readonly [key: string, message: string] {
    const kind = `${subject}\n${note.type}\n${note.reason}`;
    let similar = this.#similar.get(kind);
    if (similar === undefined || now - similar.last > SIMILAR_WINDOW_MS) similar = { messages: new Set(), last: now };
    similar.last = now;
    similar.messages.add(note.message);
    remember(this.#similar, kind, similar);
    if (similar.messages.size < SIMILAR_MAX) return [`${kind}\n${note.message}`, note.message];
    similar.messages.delete(note.message);
    return [kind, `(combined from similar events): ${note.message}`];
  }

  async #write(note: EventNote, key: string, message: string, now: number): Promise<void> {
    const time = apiTime(now);
    try {
      const known = this.#recorded.get(key);
      if (known !== undefined) {
        known.count++;
        try {
          const patch = { count: known.count, lastTimestamp: time, message };
          await this.#client.patch("events", known.namespace, known.name, patch, { type: "merge" });
          return;
        } catch (error) {
          // Events expire; one that is still being said is written anew.
          if (!isStatus(error, "NotFound")) throw error;
        }
      }
      const namespace = note.about.namespace ?? "default";
      const name = `${note.about.name}.${eventSuffix(now, this.#sequence++)}`;
      const count = known?.count ?? 1;
      const event = {
        apiVersion: "v1",
        kind: "Event",
        metadata: { name, namespace },
        involvedObject: note.about,
        reason: note.reason,
        message,
        source: { component: this.#component },
        firstTimestamp: time,
        lastTimestamp: time,
        count,
        type: note.type,
        eventTime: null,
        reportingComponent: this.#component,
        reportingInstance: "",
      };
      await this.#client.create("events", event, { manager: this.#manager });
      remember(this.#recorded, key, { namespace, name, count });
    } catch (error) {
      this.#log.debug("event-not-recorded", { component: this.#component, reason: note.reason, error: String(error) });
    }
  }
}

/** The end of an event's name: nanoseconds since the epoch in hexadecimal. `sequence` tells events of one millisecond apart. */
export function eventSuffix(now: number, sequence: number): string {
  return (BigInt(Math.trunc(now)) * 1_000_000n + BigInt(sequence % 1_000_000)).toString(16);
}

/** An API object as the subject of an event. */
export function subjectOf(object: {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}): EventSubject {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    kind: object.kind ?? "",
    ...(namespace === undefined || namespace === "" ? {} : { namespace }),
    name,
    uid,
    apiVersion: object.apiVersion ?? "",
    resourceVersion,
  };
}

function subjectKey(about: EventSubject): string {
  return `${about.kind}\n${about.namespace ?? ""}\n${about.name}\n${about.uid ?? ""}\n${about.apiVersion}`;
}

/** Sets `key` as the youngest and forgets the oldest beyond the bound. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MEMORY_MAX) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
