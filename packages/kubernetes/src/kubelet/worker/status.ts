/**
 * The pod's status from what the worker knows: container states, phase, conditions.
 * Agrees with kubernetes `pkg/kubelet/kubelet_pods.go` (getPhase, convertStatusToAPIStatus) and `pkg/kubelet/status/generate.go`.
 */
import type { ContainerState, ContainerStatus, PodCondition, PodStatus } from "kubernetes-types/core/v1.d.ts";

import { apiTime } from "../../kinds/api-time.ts";
import { qosClass } from "../../kinds/qos-class.ts";
import { type ContainerRecord, isReady, isStarted } from "./container.ts";
import type { ConditionStatus, PodWorker } from "./state.ts";

/** The API's own words where kubernetes-types lags: mounts report whether they are recursively read-only. */
interface VolumeMountStatus {
  mountPath: string;
  name: string;
  readOnly?: boolean;
  recursiveReadOnly?: string;
}

export function podStatus(worker: PodWorker, now: number): PodStatus {
  const phase = podPhase(worker);
  const inits = worker.containers.filter(({ role }) => role !== "main");
  const mains = worker.containers.filter(({ role }) => role === "main");
  const addresses = worker.address === undefined ? {} : { podIP: worker.address, podIPs: [{ ip: worker.address }] };
  return {
    conditions: conditions(worker, phase, inits, mains, now),
    containerStatuses: mains.map((container) => containerStatus(worker, container)),
    hostIP: worker.hostIP,
    hostIPs: [{ ip: worker.hostIP }],
    ...(inits.length === 0
      ? {}
      : { initContainerStatuses: inits.map((container) => containerStatus(worker, container)) }),
    ...(worker.message === undefined ? {} : { message: worker.message }),
    phase,
    ...addresses,
    qosClass: worker.pod.status?.qosClass ?? (worker.pod.spec === undefined ? "BestEffort" : qosClass(worker.pod.spec)),
    ...(worker.reason === undefined ? {} : { reason: worker.reason }),
    startTime: worker.startTime,
  };
}

function containerStatus(worker: PodWorker, container: ContainerRecord): ContainerStatus {
  const { spec } = container;
  const mounts = (spec.volumeMounts ?? []).map((mount): VolumeMountStatus => ({
    mountPath: mount.mountPath,
    name: mount.name,
    ...(mount.readOnly === true ? { readOnly: true, recursiveReadOnly: "Disabled" } : {}),
  }));
  const { state, lastState } = containerStates(worker, container);
  return {
    ...(container.id === undefined ? {} : { containerID: container.id }),
    image: spec.image ?? "",
    imageID: container.imageId,
    lastState,
    name: spec.name,
    ready: isReady(container),
    restartCount: container.attempt,
    started: isStarted(container),
    state,
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
  };
}

function containerStates(
  worker: PodWorker,
  container: ContainerRecord,
): { state: ContainerState; lastState: ContainerState } {
  const { lastState } = container;
  if (container.stage === "running")
    return { state: { running: { startedAt: apiTime(container.startedAt ?? 0) } }, lastState };
  if (container.terminated !== undefined) {
    const restarts = (worker.pod.spec?.restartPolicy ?? "Always") !== "Never" && worker.stage === "active";
    const refused = container.terminated.reason === "StartError" || container.waiting.reason === "PostStartHookError";
    if (refused && restarts)
      return { state: { waiting: container.waiting }, lastState: { terminated: container.terminated } };
    return { state: { terminated: container.terminated }, lastState };
  }
  if (worker.stage !== "active" && worker.stage !== "ending" && worker.initialized) {
    const message = "The container could not be located when the pod was terminated";
    return { state: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown", message } }, lastState };
  }
  return { state: { waiting: container.waiting }, lastState };
}

/** Nothing of the pod runs any more, nor will again. */
function isOver(worker: PodWorker): boolean {
  return worker.stage === "stopping" || worker.stage === "stopped" || worker.stage === "finished";
}

function podPhase(worker: PodWorker): "Pending" | "Running" | "Succeeded" | "Failed" {
  if (worker.reason !== undefined) return "Failed";
  const policy = worker.pod.spec?.restartPolicy ?? "Always";
  const over = isOver(worker);
  let pendingInit = 0;
  let failedInit = 0;
  let waiting = 0;
  let running = 0;
  let ended = 0;
  let succeeded = 0;
  for (const container of worker.containers) {
    const last = container.terminated ?? container.lastState.terminated;
    const alive = container.stage === "running";
    if (container.role === "init") {
      if (worker.initialized || container.terminated?.exitCode === 0) continue;
      if (!alive && last !== undefined && last.exitCode !== 0) failedInit++;
      else pendingInit++;
    } else if (container.role === "sidecar") {
      if (!worker.initialized) pendingInit++;
    } else if (alive) {
      running++;
    } else if (last !== undefined) {
      ended++;
      if (last.exitCode === 0) succeeded++;
    } else {
      waiting++;
    }
  }
  if (failedInit > 0 && (policy === "Never" || over)) return "Failed";
  if (over)
    return waiting === 0 && pendingInit === 0 && failedInit === 0 && succeeded === ended ? "Succeeded" : "Failed";
  if (pendingInit > 0 || failedInit > 0 || waiting > 0) return "Pending";
  if (running > 0 || policy === "Always") return "Running";
  if (ended === succeeded) return "Succeeded";
  return policy === "Never" ? "Failed" : "Running";
}

interface Verdict {
  readonly status: ConditionStatus;
  readonly reason?: string;
  readonly message?: string;
}

const TRUE: Verdict = { status: "True" };

function conditions(
  worker: PodWorker,
  phase: string,
  inits: ContainerRecord[],
  mains: ContainerRecord[],
  now: number,
): PodCondition[] {
  const containersReady = areContainersReady(phase, [...inits.filter(({ role }) => role === "sidecar"), ...mains]);
  const own: [string, Verdict][] = [
    ["PodReadyToStartContainers", { status: worker.sandbox === "ready" ? "True" : "False" }],
    ["Initialized", isInitialized(worker, phase, inits)],
    ["Ready", isPodReady(worker, containersReady)],
    ["ContainersReady", containersReady],
    ["PodScheduled", TRUE],
  ];
  const names = new Set(own.map(([type]) => type));
  const foreign = (worker.pod.status?.conditions ?? []).filter(({ type }) => !names.has(type));
  return [
    ...own.map(([type, { status, reason, message }]): PodCondition => ({
      // The original writes this null; the type knows only absent.
      lastProbeTime: null as never,
      lastTransitionTime: transition(worker, type, status, now),
      ...(message === undefined ? {} : { message }),
      ...(reason === undefined ? {} : { reason }),
      status,
      type,
    })),
    ...foreign,
  ];
}

function transition(worker: PodWorker, type: string, status: ConditionStatus, now: number): string {
  const known = worker.conditions.get(type);
  if (known?.status === status) return known.since;
  const since = apiTime(now);
  worker.conditions.set(type, { status, since });
  return since;
}

function isInitialized(worker: PodWorker, phase: string, inits: readonly ContainerRecord[]): Verdict {
  if (worker.initialized || inits.length === 0)
    return phase === "Succeeded" ? { status: "True", reason: "PodCompleted" } : TRUE;
  const incomplete = inits.filter((container) =>
    container.role === "init" ? container.terminated?.exitCode !== 0 : !isStarted(container),
  );
  if (incomplete.length === 0) return TRUE;
  return {
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${names(incomplete)}]`,
  };
}

function areContainersReady(phase: string, containers: readonly ContainerRecord[]): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const unready = containers.filter((container) => !isReady(container));
  if (unready.length === 0) return TRUE;
  return {
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${names(unready)}]`,
  };
}

function isPodReady(worker: PodWorker, containersReady: Verdict): Verdict {
  if (containersReady.status !== "True") return containersReady;
  const missing: string[] = [];
  for (const { conditionType } of worker.pod.spec?.readinessGates ?? []) {
    const condition = worker.pod.status?.conditions?.find(({ type }) => type === conditionType);
    if (condition === undefined)
      missing.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (condition.status !== "True")
      missing.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`);
  }
  if (missing.length === 0) return TRUE;
  return { status: "False", reason: "ReadinessGatesNotReady", message: missing.join(", ") };
}

function names(containers: readonly ContainerRecord[]): string {
  return containers.map(({ spec }) => spec.name).join(" ");
}
