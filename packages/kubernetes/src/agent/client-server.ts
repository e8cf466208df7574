import type { Client, WatchEvent, WatchHandle } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import { type ClientCall, type FromAgent, type ToAgent, toWire } from "./messages.ts";

/** Answers the agent's calls of the API. */
export class ClientServer {
  readonly #client: Client;
  readonly #send: (message: ToAgent) => void;
  readonly #watches = new Map<number, { readonly handle: WatchHandle; readonly feed: WatchFeed }>();

  constructor(client: Client, send: (message: ToAgent) => void) {
    this.#client = client;
    this.#send = send;
  }

  /** Takes a message of the agent; false when it is about something else. */
  receive(message: FromAgent): boolean {
    switch (message.kind) {
      case "call":
        void this.#answer(message.id, message.call);
        return true;
      case "watch": {
        const { id } = message;
        const feed = new WatchFeed((events) => this.#send({ kind: "events", id, events }));
        this.#watches.set(id, {
          feed,
          handle: this.#client.watch(message.resource, message.options, (event) => feed.push(event)),
        });
        return true;
      }
      case "unwatch":
        this.#watches.get(message.id)?.handle.stop();
        this.#watches.delete(message.id);
        return true;
      case "taken":
        this.#watches.get(message.id)?.feed.taken();
        return true;
      default:
        return false;
    }
  }

  stop(): void {
    for (const { handle } of this.#watches.values()) handle.stop();
    this.#watches.clear();
  }

  async #answer(id: number, call: ClientCall): Promise<void> {
    try {
      this.#send({ kind: "answer", id, value: await this.#perform(call) });
    } catch (error) {
      this.#send({ kind: "refusal", id, error: toWire(error) });
    }
  }

  /** Options left out arrive as null: the channel speaks JSON. */
  async #perform(call: ClientCall): Promise<KubeObject | { items: KubeObject[]; resourceVersion: string } | undefined> {
    switch (call.method) {
      case "get":
        return this.#client.get(...call.args);
      case "list":
        return this.#client.list(call.args[0], call.args[1] ?? undefined);
      case "create":
        return this.#client.create(call.args[0], call.args[1], call.args[2] ?? undefined);
      case "update":
        return this.#client.update(...call.args);
      case "updateStatus":
        return this.#client.updateStatus(...call.args);
      case "patch":
        return this.#client.patch(...call.args);
      case "delete":
        await this.#client.delete(call.args[0], call.args[1], call.args[2], call.args[3] ?? undefined);
        return undefined;
      case "bind":
        await this.#client.bind(...call.args);
        return undefined;
    }
  }
}

/**
 * Events of one watch on their way to the agent, one batch at a time. While a batch is under way, newer states of an object
 * take the place of older ones, so that a slow agent costs no more memory than there are objects.
 */
export class WatchFeed {
  readonly #send: (events: readonly WatchEvent[]) => void;
  #waiting: (WatchEvent | undefined)[] = [];
  /** Place in `#waiting` of the newest state of an object, by uid. */
  #places = new Map<string, number>();
  #underWay = false;

  constructor(send: (events: readonly WatchEvent[]) => void) {
    this.#send = send;
  }

  push(event: WatchEvent): void {
    if (event.kind === "SYNCED") {
      this.#waiting.push(event);
    } else {
      const { uid } = event.object.metadata;
      const place = this.#places.get(uid);
      const older = place === undefined ? undefined : this.#waiting[place];
      if (event.kind === "MODIFIED" && place !== undefined && older !== undefined && older.kind !== "SYNCED") {
        this.#waiting[place] = { kind: older.kind, object: event.object };
      } else if (event.kind === "DELETED" && place !== undefined && older?.kind === "ADDED") {
        // Nobody saw it come, so nobody need see it go.
        this.#waiting[place] = undefined;
        this.#places.delete(uid);
      } else {
        if (event.kind === "DELETED") this.#places.delete(uid);
        else this.#places.set(uid, this.#waiting.length);
        this.#waiting.push(event);
      }
    }
    if (!this.#underWay) this.#flush();
  }

  /** The agent has taken the batch under way. */
  taken(): void {
    this.#underWay = false;
    if (this.#waiting.length > 0) this.#flush();
  }

  /** In the next turn, so that what comes together goes together. */
  #flush(): void {
    this.#underWay = true;
    queueMicrotask(() => {
      const events = this.#waiting.filter((event) => event !== undefined);
      this.#waiting = [];
      this.#places = new Map();
      if (events.length === 0) this.#underWay = false;
      else this.#send(events);
    });
  }
}
