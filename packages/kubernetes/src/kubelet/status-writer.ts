import type { Clock, Log } from "@ordinal/io";
import type { Pod, PodStatus } from "kubernetes-types/core/v1.d.ts";

import type { Client } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import { isStatus, StatusError } from "../api/status-error.ts";

const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 10_000;

/** Answers that no retry changes: bad request, forbidden, invalid. */
const REFUSED_FOR_GOOD: ReadonlySet<number> = new Set([400, 403, 422]);

/** Conditions the kubelet writes itself; others (readiness gates, DisruptionTarget) belong to whoever set them. */
const OWN_CONDITIONS = new Set([
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
]);

/**
 * Brings one pod's status to the API: one write at a time, always the newest status, in between ones left out. A write
 * names the version it is based on, so that it never undoes someone else's condition.
 */
export class StatusWriter {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #namespace: string;
  readonly #name: string;
  readonly #uid: string;
  #base: Pod;
  #wanted: PodStatus | undefined;
  #writing: Promise<void> | undefined;
  #gone = false;

  constructor(client: Client, clock: Clock, log: Log, pod: Pod) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#base = pod;
    this.#namespace = pod.metadata?.namespace ?? "default";
    this.#name = pod.metadata?.name ?? "";
    this.#uid = pod.metadata?.uid ?? "";
  }

  /** The object as it is now in the API. */
  observe(pod: Pod): void {
    if (Number(pod.metadata?.resourceVersion) > Number(this.#base.metadata?.resourceVersion)) this.#base = pod;
  }

  /** Nothing more can be written. */
  objectGone(): void {
    this.#gone = true;
  }

  write(status: PodStatus): void {
    this.#wanted = status;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  /** Resolves when the newest status is written or nobody wants it any more. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let delay = RETRY_FIRST_MS; this.#wanted !== undefined && !this.#gone;) {
      const status = this.#wanted;
      this.#wanted = undefined;
      try {
        await this.#writeOne(status);
        delay = RETRY_FIRST_MS;
      } catch (error) {
        if (this.#gone || isStatus(error, "NotFound")) return;
        if (error instanceof StatusError && REFUSED_FOR_GOOD.has(error.code)) {
          // The same again would be refused again; the next status may not be.
          this.#log.error("pod-status-refused", { pod: `${this.#namespace}/${this.#name}`, error: String(error) });
          continue;
        }
        this.#wanted ??= status;
        if (isStatus(error, "Conflict") && (await this.#refetch())) continue;
        this.#log.warn("pod-status-not-written", { pod: `${this.#namespace}/${this.#name}`, error: String(error) });
        await new Promise<void>((resolve) => this.#clock.setTimer(delay, resolve));
        delay = Math.min(delay * 2, RETRY_MAX_MS);
      }
    }
  }

  async #writeOne(status: PodStatus): Promise<void> {
    const foreign = (this.#base.status?.conditions ?? []).filter(({ type }) => !OWN_CONDITIONS.has(type));
    const own = (status.conditions ?? []).filter(({ type }) => OWN_CONDITIONS.has(type));
    const full: Record<string, unknown> = { ...status, conditions: [...own, ...foreign] };
    // A merge keeps what it does not name: what was there before and is not any more is taken away by name.
    for (const field of ["message", "reason"] as const)
      if (status[field] === undefined && this.#base.status?.[field] !== undefined) full[field] = null;
    const patch = { metadata: { uid: this.#uid, resourceVersion: this.#base.metadata?.resourceVersion }, status: full };
    const answer = await this.#client.patch("pods", this.#namespace, this.#name, patch, {
      type: "merge",
      subresource: "status",
    });
    this.observe(asPod(answer));
  }

  /** False when the object is another one by now. */
  async #refetch(): Promise<boolean> {
    try {
      const pod = asPod(await this.#client.get("pods", this.#namespace, this.#name));
      if (pod.metadata?.uid !== this.#uid) {
        this.#gone = true;
        return true;
      }
      const moved = pod.metadata?.resourceVersion !== this.#base.metadata?.resourceVersion;
      this.#base = pod;
      return moved;
    } catch (error) {
      if (!isStatus(error, "NotFound")) return false;
      this.#gone = true;
      return true;
    }
  }
}

function asPod(object: KubeObject): Pod {
  return object as unknown as Pod;
}
