import type { Clock, Log } from "@ordinal/io";

import type { Client, ResourceName, WatchEvent, WatchHandle } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import { StatusError } from "../api/status-error.ts";
import { applyPlan, Waiting, type Hands } from "./apply-actions.ts";
import type { Change, Controller } from "./controller.ts";
import { EventRecorder } from "./event-recorder.ts";
import { ObjectCache } from "./object-cache.ts";
import type { Dependent, TypedResource, TypedResources, View } from "./view.ts";
import { WorkQueue } from "./work-queue.ts";

export interface ShellOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Owner of the fields that creations set, e.g. `kube-controller-manager`. */
  readonly manager: string;
  /** Deletes a volume's folder; called only for volumes whose claim is gone and whose reclaim policy is Delete. */
  removeVolume(path: string): Promise<void>;
}

interface Run {
  readonly controller: Controller;
  readonly queue: WorkQueue;
  readonly recorder: EventRecorder;
}

/** Runs controllers: one watch a resource, one queue a controller. */
export class ControllerShell implements View {
  readonly #options: ShellOptions;
  readonly #caches = new Map<ResourceName, ObjectCache>();
  readonly #runs: readonly Run[];
  readonly #watches: WatchHandle[] = [];
  #live = false;

  /** Starts at once. */
  constructor(options: ShellOptions, controllers: readonly Controller[]) {
    this.#options = options;
    this.#runs = controllers.map((controller) => {
      const recorder = new EventRecorder(options, controller.name, options.manager);
      const queue = new WorkQueue(options.clock, (key) => this.#reconcile(run, key));
      const run: Run = { controller, queue, recorder };
      return run;
    });
    const resources = new Set(controllers.flatMap((controller) => controller.watches));
    for (const resource of resources) this.#caches.set(resource, new ObjectCache(resource));
    for (const resource of resources) {
      this.#watches.push(options.client.watch(resource, {}, (event) => this.#observe(resource, event)));
    }
  }

  get<R extends TypedResource>(resource: R, namespace: string, name: string): TypedResources[R] | undefined {
    return this.#caches.get(resource)?.get(namespace, name) as TypedResources[R] | undefined;
  }

  list<R extends TypedResource>(resource: R, namespace?: string): readonly TypedResources[R][] {
    return (this.#caches.get(resource)?.list(namespace) ?? []) as unknown as readonly TypedResources[R][];
  }

  find(resource: ResourceName, namespace: string, name: string): KubeObject | undefined {
    return this.#caches.get(resource)?.get(namespace, name);
  }

  all(resource: ResourceName, namespace?: string): readonly KubeObject[] {
    return this.#caches.get(resource)?.list(namespace) ?? [];
  }

  dependents(uid: string): readonly Dependent[] {
    const found: Dependent[] = [];
    for (const [resource, cache] of this.#caches) {
      for (const object of cache.dependents(uid)) found.push({ resource, object });
    }
    return found;
  }

  stop(): void {
    for (const watch of this.#watches) watch.stop();
    for (const run of this.#runs) run.queue.stop();
    this.#live = false;
  }

  #observe(resource: ResourceName, event: WatchEvent): void {
    const change = this.#caches.get(resource)?.apply(event);
    if (change !== undefined) this.#dispatch(change);
    if (event.kind === "SYNCED") this.#startWhenSynced();
  }

  /** Nobody decides anything before everything that is there has been seen. */
  #startWhenSynced(): void {
    if (this.#live) return;
    for (const cache of this.#caches.values()) if (!cache.synced) return;
    this.#live = true;
    for (const [resource, cache] of this.#caches) {
      for (const next of cache.list()) this.#dispatch({ resource, old: undefined, next });
    }
  }

  #dispatch(change: Change): void {
    if (!this.#live) return;
    for (const { controller, queue } of this.#runs) {
      if (!controller.watches.includes(change.resource)) continue;
      for (const key of controller.keysOf(change, this)) queue.add(key);
    }
  }

  async #reconcile(run: Run, key: string): Promise<void> {
    const { controller, queue, recorder } = run;
    try {
      const plan = controller.reconcile(this, key, this.#options.clock.now());
      if (plan.requeueAfterMs !== undefined) queue.addAfter(key, plan.requeueAfterMs);
      await applyPlan(this.#hands(recorder), plan);
    } catch (error) {
      // A refusal is part of the work and comes back by itself; anything else is a defect to be seen.
      if (error instanceof StatusError || error instanceof Waiting) {
        this.#options.log.debug("reconcile-refused", { controller: controller.name, key, error: error.message });
      } else {
        this.#options.log.warn("reconcile-failed", { controller: controller.name, key, error: String(error) });
      }
      throw error;
    }
  }

  #hands(recorder: EventRecorder): Hands {
    return {
      client: this.#options.client,
      manager: this.#options.manager,
      written: (resource, object) => this.#noteWritten(resource, object),
      event: (note) => recorder.record(note),
      removeVolume: (path) => this.#options.removeVolume(path),
    };
  }

  #noteWritten(resource: ResourceName, object: KubeObject): void {
    const change = this.#caches.get(resource)?.noteWritten(object);
    if (change !== undefined) this.#dispatch(change);
  }
}
