import type { Clock, Timer } from "@ordinal/io";

import type { Client, WatchHandle } from "../../api/client.ts";
import { isStatus } from "../../api/status-error.ts";
import { apiTime } from "../../kinds/api-time.ts";
import type { StoredPod } from "../view.ts";

export interface FakeKubeletOptions {
  readonly client: Client;
  readonly clock: Clock;
  /** Milliseconds that a container takes to start, or to stop. */
  delayMs(): number;
  /** Whether pods with this image ever become ready. */
  works(image: string): boolean;
}

interface Job {
  readonly uid: string;
  readonly stopping: boolean;
  readonly timer: Timer;
}

/** All nodes' kubelets without containers: pods that are bound run after a while, pods that are deleted end. */
export class FakeKubelet {
  readonly #options: FakeKubeletOptions;
  readonly #pods = new Map<string, StoredPod>();
  readonly #jobs = new Map<string, Job>();
  readonly #watch: WatchHandle;
  #addresses = 9;

  constructor(options: FakeKubeletOptions) {
    this.#options = options;
    this.#watch = options.client.watch("pods", {}, (event) => {
      if (event.kind === "SYNCED") return;
      const pod = event.object as unknown as StoredPod;
      if (event.kind === "DELETED") {
        this.#pods.delete(pod.metadata.uid);
        this.#jobs.get(pod.metadata.uid)?.timer.cancel();
        this.#jobs.delete(pod.metadata.uid);
      } else {
        this.#pods.set(pod.metadata.uid, pod);
        this.#plan(pod);
      }
    });
  }

  stop(): void {
    this.#watch.stop();
    for (const job of this.#jobs.values()) job.timer.cancel();
  }

  /** The containers of a pod end by themselves. */
  async fail(namespace: string, name: string, phase: "Failed" | "Succeeded" = "Failed"): Promise<void> {
    const patch = { status: { phase, conditions: [{ type: "Ready", status: "False" }] } };
    await this.#options.client.patch("pods", namespace, name, patch, { type: "merge", subresource: "status" });
  }

  /** Looks at all pods again, after `works` has changed its mind. */
  retry(): void {
    for (const pod of this.#pods.values()) this.#plan(pod);
  }

  #plan(pod: StoredPod): void {
    const { uid, deletionTimestamp } = pod.metadata;
    const stopping = deletionTimestamp !== undefined;
    const job = this.#jobs.get(uid);
    if ((pod.spec?.nodeName ?? "") === "" || (job !== undefined && job.stopping === stopping)) return;
    if (!stopping && (pod.status?.phase !== "Pending" || !this.#works(pod))) return;
    job?.timer.cancel();
    const timer = this.#options.clock.setTimer(this.#options.delayMs(), () => {
      this.#jobs.delete(uid);
      void (stopping ? this.#end(uid) : this.#run(uid));
    });
    this.#jobs.set(uid, { uid, stopping, timer });
  }

  #works(pod: StoredPod): boolean {
    return (pod.spec?.containers ?? []).every((container) => this.#options.works(container.image ?? ""));
  }

  async #run(uid: string): Promise<void> {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return;
    const podIP = `127.1.0.${++this.#addresses}`;
    const ready = { type: "Ready", status: "True", lastTransitionTime: apiTime(this.#options.clock.now()) };
    const conditions = [...(pod.status?.conditions ?? []).filter((condition) => condition.type !== "Ready"), ready];
    const patch = { metadata: { uid }, status: { phase: "Running", podIP, podIPs: [{ ip: podIP }], conditions } };
    const { namespace = "", name } = pod.metadata;
    await this.#tolerate(
      this.#options.client.patch("pods", namespace, name, patch, { type: "merge", subresource: "status" }),
    );
  }

  async #end(uid: string): Promise<void> {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return;
    const { namespace = "", name } = pod.metadata;
    await this.#tolerate(
      this.#options.client.delete("pods", namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } }),
    );
  }

  async #tolerate(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
    }
  }
}
