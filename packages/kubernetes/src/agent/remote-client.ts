import type { Client, ListOptions, ResourceName, WatchEvent, WatchHandle } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import { type ClientCall, type FromAgent, fromWire, type ToAgent } from "./messages.ts";

/** Calls under way at once; more wait their turn, so that a burst of pods cannot fill the channel. */
const OUTSTANDING_MAX = 128;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The API as the agent has it: every call goes over the channel to the lab. */
export class RemoteClient implements Client {
  readonly #send: (message: FromAgent) => void;
  readonly #pending = new Map<number, Pending>();
  readonly #queue: { readonly call: ClientCall; readonly pending: Pending }[] = [];
  readonly #watches = new Map<number, (event: WatchEvent) => void>();
  #next = 1;

  constructor(send: (message: FromAgent) => void) {
    this.#send = send;
  }

  /** Takes a message of the lab; false when it is about something else. */
  receive(message: ToAgent): boolean {
    switch (message.kind) {
      case "answer":
        this.#settle(message.id, (pending) => pending.resolve(message.value));
        return true;
      case "refusal":
        this.#settle(message.id, (pending) => pending.reject(fromWire(message.error)));
        return true;
      case "events": {
        const onEvent = this.#watches.get(message.id);
        if (onEvent !== undefined) for (const event of message.events) onEvent(event);
        this.#send({ kind: "taken", id: message.id });
        return true;
      }
      default:
        return false;
    }
  }

  get(resource: ResourceName, namespace: string, name: string): Promise<KubeObject> {
    return this.#call({ method: "get", args: [resource, namespace, name] }) as Promise<KubeObject>;
  }

  list(resource: ResourceName, options?: ListOptions): Promise<{ items: KubeObject[]; resourceVersion: string }> {
    return this.#call({ method: "list", args: [resource, options] }) as Promise<{
      items: KubeObject[];
      resourceVersion: string;
    }>;
  }

  watch(resource: ResourceName, options: ListOptions, onEvent: (event: WatchEvent) => void): WatchHandle {
    const id = this.#next++;
    this.#watches.set(id, onEvent);
    this.#send({ kind: "watch", id, resource, options });
    return {
      stop: () => {
        if (this.#watches.delete(id)) this.#send({ kind: "unwatch", id });
      },
    };
  }

  create(resource: ResourceName, object: object, options?: { readonly manager?: string }): Promise<KubeObject> {
    return this.#call({ method: "create", args: [resource, object, options] }) as Promise<KubeObject>;
  }

  update(resource: ResourceName, object: object): Promise<KubeObject> {
    return this.#call({ method: "update", args: [resource, object] }) as Promise<KubeObject>;
  }

  updateStatus(resource: ResourceName, object: object): Promise<KubeObject> {
    return this.#call({ method: "updateStatus", args: [resource, object] }) as Promise<KubeObject>;
  }

  patch(...args: Parameters<Client["patch"]>): Promise<KubeObject> {
    return this.#call({ method: "patch", args }) as Promise<KubeObject>;
  }

  async delete(...args: Parameters<Client["delete"]>): Promise<void> {
    const [resource, namespace, name, options] = args;
    await this.#call({ method: "delete", args: [resource, namespace, name, options] });
  }

  async bind(namespace: string, podName: string, nodeName: string): Promise<void> {
    await this.#call({ method: "bind", args: [namespace, podName, nodeName] });
  }

  #call(call: ClientCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ call, pending: { resolve, reject } });
      this.#sendNext();
    });
  }

  #sendNext(): void {
    while (this.#pending.size < OUTSTANDING_MAX) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      const id = this.#next++;
      this.#pending.set(id, next.pending);
      this.#send({ kind: "call", id, call: next.call });
    }
  }

  #settle(id: number, how: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    how(pending);
    this.#sendNext();
  }
}
