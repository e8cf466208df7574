import type { Pod } from "kubernetes-types/core/v1.d.ts";

import type { ContainerRecord } from "./container.ts";
import type { Output } from "./messages.ts";

/**
 * ```
 * active ──deleted, deadline passed, containers done──▶ ending ──no container left──▶ stopping ──sandboxStopped──▶ stopped
 * stopped ──object deleted or gone──▶ finished
 * ```
 */
export type PodStage = "active" | "ending" | "stopping" | "stopped" | "finished";

export type ConditionStatus = "True" | "False";

export interface ConditionRecord {
  status: ConditionStatus;
  since: string;
}

/** One pod as its worker knows it. Owned and changed by `step` alone. */
export interface PodWorker {
  pod: Pod;
  readonly hostIP: string;
  stage: PodStage;
  sandbox: "none" | "creating" | "ready" | "gone";
  sandboxRetryAt: number;
  sandboxFailures: number;
  address: string | undefined;
  /** Init containers and sidecars in their order, then the others. */
  readonly containers: readonly ContainerRecord[];
  readonly byName: ReadonlyMap<string, ContainerRecord>;
  /** All init containers are done once; their later exits do not matter. */
  initialized: boolean;
  /** The API object is gone: nothing is left to report. */
  objectGone: boolean;
  /** Grace of the termination under way, as a wall time. */
  endAt: number;
  reason: string | undefined;
  message: string | undefined;
  readonly startTime: string;
  readonly startedAt: number;
  readonly conditions: Map<string, ConditionRecord>;
  lastStatus: string;
}

/** The worker with the outputs of the step under way and its time. */
export interface Step {
  readonly worker: PodWorker;
  readonly now: number;
  readonly outputs: Output[];
}

export function emitEvent(
  step: Step,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
  container?: string,
): void {
  step.outputs.push(
    container === undefined
      ? { kind: "event", type, reason, message }
      : { kind: "event", type, reason, message, container },
  );
}

/** `web-0_default(9c9b22f6-…)`, as the kubelet's messages name a pod. */
export function podLabel(pod: Pod): string {
  return `${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})`;
}
