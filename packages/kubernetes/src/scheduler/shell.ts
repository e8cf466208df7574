import type { Clock, Log, Timer } from "@ordinal/io";

import type { Client, ResourceName, WatchEvent, WatchHandle } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import { isStatus } from "../api/status-error.ts";
import { applyPlan } from "../controllers/apply-actions.ts";
import type { Change } from "../controllers/controller.ts";
import { deepEqual } from "../controllers/deep-equal.ts";
import { ObjectCache } from "../controllers/object-cache.ts";
import type { Dependent, StoredNode, StoredPod, TypedResource, TypedResources, View } from "../controllers/view.ts";
import { apiTime } from "../kinds/api-time.ts";
import { buildCluster, hasEnded } from "./cluster.ts";
import { schedule, type Decision } from "./schedule.ts";
import { SchedulingEvents } from "./scheduling-events.ts";

const WATCHED: readonly ResourceName[] = [
  "nodes",
  "pods",
  "persistentvolumeclaims",
  "persistentvolumes",
  "storageclasses.storage.k8s.io",
  "namespaces",
];
const SCHEDULER_NAME = "default-scheduler";
/** What passes within this time is not worth an event: a volume for the pod's claim is being made. */
const PASSING_MS = 100;
/** The same failure is said again after this time, doubling … */
const BACKOFF_FIRST_MS = 1_000;
/** … up to this. */
const BACKOFF_MAX_MS = 10_000;

export interface SchedulerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells schedulers apart in events; `default-scheduler-ordinal` unless given. */
  readonly instance?: string;
}

/** A pod without a node. */
interface Pending {
  readonly uid: string;
  readonly since: number;
  readonly order: number;
  attempts: number;
  /** Nothing is tried before: a write for it failed. */
  notBefore: number;
  /** A write for it is under way. */
  busy: boolean;
  complaint: string | undefined;
  complainAgainAt: number;
}

/** Tries all pending pods after every change that may make room for one. */
export class SchedulerShell implements View {
  readonly #options: SchedulerOptions;
  readonly #events: SchedulingEvents;
  readonly #caches = new Map(WATCHED.map((resource) => [resource, new ObjectCache(resource)]));
  readonly #watches: WatchHandle[];
  /** By pod uid. */
  readonly #pending = new Map<string, Pending>();
  /** Node names by uid of pods whose binding the watch has not told yet. */
  readonly #assumed = new Map<string, string>();
  #order = 0;
  #live = false;
  #stopped = false;
  #passScheduled = false;
  #wake: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#events = new SchedulingEvents(options, options.instance ?? "default-scheduler-ordinal");
    this.#watches = WATCHED.map((resource) =>
      options.client.watch(resource, {}, (event) => this.#observe(resource, event)),
    );
  }

  get<R extends TypedResource>(resource: R, namespace: string, name: string): TypedResources[R] | undefined {
    return this.find(resource, namespace, name) as TypedResources[R] | undefined;
  }

  list<R extends TypedResource>(resource: R, namespace?: string): readonly TypedResources[R][] {
    return this.all(resource, namespace) as unknown as readonly TypedResources[R][];
  }

  find(resource: ResourceName, namespace: string, name: string): KubeObject | undefined {
    return this.#caches.get(resource)?.get(namespace, name);
  }

  all(resource: ResourceName, namespace?: string): readonly KubeObject[] {
    return this.#caches.get(resource)?.list(namespace) ?? [];
  }

  dependents(uid: string): readonly Dependent[] {
    return [...this.#caches].flatMap(([resource, cache]) =>
      [...cache.dependents(uid)].map((object) => ({ resource, object })),
    );
  }

  stop(): void {
    this.#stopped = true;
    for (const watch of this.#watches) watch.stop();
    this.#wake?.timer.cancel();
  }

  #observe(resource: ResourceName, event: WatchEvent): void {
    const change = this.#caches.get(resource)?.apply(event);
    if (change !== undefined) {
      if (resource === "pods") this.#notePod(change);
      if (this.#live && mayMakeRoom(change)) this.#schedulePass();
    }
    if (event.kind === "SYNCED" && !this.#live && [...this.#caches.values()].every((cache) => cache.synced)) {
      this.#live = true;
      this.#schedulePass();
    }
  }

  #notePod(change: Change): void {
    const pod = change.next as StoredPod | undefined;
    const uid = (change.next ?? change.old)?.metadata.uid ?? "";
    // Another pod of the same name: the watch has skipped the end of the first.
    if (change.old !== undefined && change.old.metadata.uid !== uid) this.#forget(change.old.metadata.uid);
    if (pod === undefined || !isSchedulable(pod)) {
      this.#forget(uid);
      return;
    }
    if (this.#pending.has(uid)) return;
    const now = this.#options.clock.monotonic();
    const order = this.#order++;
    this.#pending.set(uid, {
      uid,
      since: now,
      order,
      attempts: 0,
      notBefore: 0,
      busy: false,
      complaint: undefined,
      complainAgainAt: 0,
    });
  }

  #forget(uid: string): void {
    this.#pending.delete(uid);
    this.#assumed.delete(uid);
  }

  #schedulePass(): void {
    if (this.#passScheduled || this.#stopped) return;
    this.#passScheduled = true;
    queueMicrotask(() => {
      this.#passScheduled = false;
      if (!this.#stopped) this.#pass();
    });
  }

  #pass(): void {
    if (this.#pending.size === 0) return;
    const now = this.#options.clock.monotonic();
    const pods = new Map(this.list("pods").map((pod) => [pod.metadata.uid, pod]));
    const cluster = buildCluster(this, this.#assumed);
    const waiting = [...this.#pending.values()].flatMap((pending) => {
      const pod = pods.get(pending.uid);
      return pod === undefined || pending.busy || this.#assumed.has(pending.uid) ? [] : [{ pending, pod }];
    });
    waiting.sort(
      (a, b) => (b.pod.spec?.priority ?? 0) - (a.pod.spec?.priority ?? 0) || a.pending.order - b.pending.order,
    );
    for (const { pending, pod } of waiting) {
      if (pending.notBefore > now) {
        this.#wakeAt(pending.notBefore);
        continue;
      }
      const decision = schedule(cluster, pod);
      if (decision.kind === "bind") {
        // Later pods of this pass see it there.
        decision.state.pods.push(pod);
        this.#assumed.set(pending.uid, decision.state.node.metadata.name);
      }
      this.#act(pending, pod, decision, now);
    }
  }

  #act(pending: Pending, pod: StoredPod, decision: Decision, now: number): void {
    switch (decision.kind) {
      case "bind":
        void this.#write(pending, () => this.#bind(pod, decision.state.node));
        return;
      case "bindVolumes":
        void this.#write(pending, () => this.#bindVolumes(decision.steps));
        return;
      case "wait":
        return;
      case "unschedulable":
        if (decision.passing && now - pending.since < PASSING_MS) this.#wakeAt(pending.since + PASSING_MS);
        else this.#complain(pending, pod, decision.message, now);
    }
  }

  async #bind(pod: StoredPod, node: StoredNode): Promise<void> {
    const { namespace = "", name } = pod.metadata;
    try {
      await this.#options.client.bind(namespace, name, node.metadata.name);
    } catch (error) {
      this.#assumed.delete(pod.metadata.uid);
      throw error;
    }
    const message = `Successfully assigned ${namespace}/${name} to ${node.metadata.name}`;
    this.#events.record(pod, { type: "Normal", reason: "Scheduled", action: "Binding", message });
  }

  async #bindVolumes(steps: Extract<Decision, { kind: "bindVolumes" }>["steps"]): Promise<void> {
    const { client } = this.#options;
    const written = (resource: ResourceName, object: KubeObject): void =>
      void this.#caches.get(resource)?.noteWritten(object);
    const hands = {
      client,
      manager: "kube-scheduler",
      written,
      event: () => {},
      removeVolume: () => Promise.resolve(),
    };
    await applyPlan(hands, { steps });
  }

  /** Says why, unless it was said just now: changes that do not help come often. */
  #complain(pending: Pending, pod: StoredPod, message: string, now: number): void {
    const again = pending.complaint === message;
    if (again && now < pending.complainAgainAt) return;
    pending.complaint = message;
    pending.complainAgainAt = now + Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(pending.attempts, 10), BACKOFF_MAX_MS);
    pending.attempts++;
    this.#events.record(pod, { type: "Warning", reason: "FailedScheduling", action: "Scheduling", message });
    if (!again) void this.#write(pending, () => this.#markUnschedulable(pod, message));
  }

  async #markUnschedulable(pod: StoredPod, message: string): Promise<void> {
    const { namespace = "", name, uid } = pod.metadata;
    const others = pod.status?.conditions ?? [];
    const old = others.find((condition) => condition.type === "PodScheduled");
    if (old?.status === "False" && old.reason === "Unschedulable" && old.message === message) return;
    const condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastProbeTime: null,
      lastTransitionTime: old?.status === "False" ? old.lastTransitionTime : apiTime(this.#options.clock.now()),
    };
    const conditions = [...others.filter((other) => other.type !== "PodScheduled"), condition];
    try {
      await this.#options.client.patch(
        "pods",
        namespace,
        name,
        { metadata: { uid }, status: { conditions } },
        { type: "merge", subresource: "status" },
      );
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  async #write(pending: Pending, work: () => Promise<void>): Promise<void> {
    pending.busy = true;
    try {
      await work();
    } catch (error) {
      this.#options.log.debug("scheduling-write-failed", { uid: pending.uid, error: String(error) });
      pending.notBefore =
        this.#options.clock.monotonic() +
        Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(pending.attempts, 10), BACKOFF_MAX_MS);
      pending.attempts++;
      pending.complaint = undefined;
    }
    pending.busy = false;
    // What changed meanwhile was not tried.
    if (this.#pending.has(pending.uid)) this.#schedulePass();
  }

  #wakeAt(at: number): void {
    if (this.#wake !== undefined && this.#wake.at <= at) return;
    this.#wake?.timer.cancel();
    const timer = this.#options.clock.setTimer(Math.max(0, at - this.#options.clock.monotonic()), () => {
      this.#wake = undefined;
      this.#schedulePass();
    });
    this.#wake = { at, timer };
  }
}

function isSchedulable(pod: StoredPod): boolean {
  if ((pod.spec?.nodeName ?? "") !== "" || hasEnded(pod) || pod.metadata.deletionTimestamp !== undefined) return false;
  return (
    (pod.spec?.schedulerName ?? SCHEDULER_NAME) === SCHEDULER_NAME && (pod.spec?.schedulingGates ?? []).length === 0
  );
}

/** Kubelets report all the time; most of it is nothing to the scheduler. */
function mayMakeRoom({ resource, old, next }: Change): boolean {
  if (old === undefined || next === undefined) return true;
  if (resource === "nodes") {
    const [a, b] = [old, next] as unknown as [StoredNode, StoredNode];
    return !deepEqual(
      [a.spec, a.metadata.labels, a.status?.allocatable],
      [b.spec, b.metadata.labels, b.status?.allocatable],
    );
  }
  if (resource !== "pods") return true;
  const [a, b] = [old, next] as unknown as [StoredPod, StoredPod];
  return !deepEqual([a.spec, a.metadata.labels, hasEnded(a)], [b.spec, b.metadata.labels, hasEnded(b)]);
}
