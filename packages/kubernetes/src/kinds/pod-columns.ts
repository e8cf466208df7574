import type { ContainerStatus, Pod } from "kubernetes-types/core/v1.d.ts";

import { ageColumn, column, nameColumn, wideColumn } from "./columns.ts";
import { since } from "./human-duration.ts";
import type { Cell, Column } from "./kind.ts";

// Agrees with printPod of the original (pkg/printers/internalversion/printers.go).

export const podColumns: readonly Column[] = [
  nameColumn,
  column("Ready", "Ready containers of all."),
  column("Status", "Phase, or what keeps the pod from running."),
  column("Restarts", "How often containers were started again, and when last."),
  ageColumn,
  wideColumn("IP", "Address of the pod."),
  wideColumn("Node", "Node that the pod is bound to."),
  wideColumn("Nominated Node", "Node on which preemption makes room for the pod."),
  wideColumn("Readiness Gates", "Conditions that hold of those that readiness waits for."),
];

export function podRow(pod: Pod, now: number): Cell[] {
  const { metadata, spec, status } = pod;
  const summary = summarize(pod);
  const { restarts, lastRestart } = summary;
  const restartsCell =
    restarts !== 0 && lastRestart !== undefined ? `${restarts} (${since(lastRestart, now)} ago)` : String(restarts);
  return [
    metadata?.name ?? "",
    `${summary.ready}/${summary.total}`,
    summary.reason,
    restartsCell,
    since(metadata?.creationTimestamp, now),
    orNone(status?.podIPs?.[0]?.ip),
    orNone(spec?.nodeName),
    orNone(status?.nominatedNodeName),
    readinessGates(pod),
  ];
}

interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
}

function summarize(pod: Pod): PodSummary {
  const { status = {} } = pod;
  const init = summarizeInit(pod);
  let { ready, reason } = init;
  let { restarts, lastRestart } = init.all;
  if (!init.initializing || hasCondition(pod, "Initialized")) {
    ({ restarts, lastRestart } = init.restartable);
    let running = false;
    for (const container of [...(status.containerStatuses ?? [])].reverse()) {
      restarts += container.restartCount;
      lastRestart = later(lastRestart, container.lastState?.terminated?.finishedAt);
      const { waiting, terminated } = container.state ?? {};
      if (waiting?.reason) reason = waiting.reason;
      else if (terminated !== undefined) reason = terminated.reason || exitReason(terminated);
      else if (container.ready && container.state?.running !== undefined) {
        running = true;
        ready++;
      }
    }
    if (reason === "Completed" && running) reason = hasCondition(pod, "Ready") ? "Running" : "NotReady";
  }
  const terminal = status.phase === "Failed" || status.phase === "Succeeded";
  if (pod.metadata?.deletionTimestamp != null) {
    if (status.reason === "NodeLost") reason = "Unknown";
    else if (!terminal) reason = "Terminating";
  }
  return { ready, total: init.total, reason, restarts, lastRestart };
}

interface Restarts {
  restarts: number;
  lastRestart: string | undefined;
}

interface InitSummary {
  readonly initializing: boolean;
  readonly reason: string;
  readonly ready: number;
  readonly total: number;
  /** Of every init container, shown while they run. */
  readonly all: Restarts;
  /** Of those that run beside the containers (sidecars), shown afterwards. */
  readonly restartable: Restarts;
}

function summarizeInit(pod: Pod): InitSummary {
  const { spec, status = {} } = pod;
  const initContainers = spec?.initContainers ?? [];
  const sidecars = new Set(
    initContainers.filter((container) => container.restartPolicy === "Always").map(({ name }) => name),
  );
  const total = (spec?.containers?.length ?? 0) + sidecars.size;
  const all: Restarts = { restarts: 0, lastRestart: undefined };
  const restartable: Restarts = { restarts: 0, lastRestart: undefined };
  let reason = status.reason || status.phase || "";
  const gated = status.conditions?.some(
    ({ type, reason: cause }) => type === "PodScheduled" && cause === "SchedulingGated",
  );
  if (gated) reason = "SchedulingGated";
  let ready = 0;
  for (const [index, container] of (status.initContainerStatuses ?? []).entries()) {
    const isSidecar = sidecars.has(container.name);
    countRestarts(all, container);
    if (isSidecar) countRestarts(restartable, container);
    const { waiting, terminated } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (isSidecar && container.started === true) {
      if (container.ready) ready++;
      continue;
    }
    if (terminated !== undefined) reason = `Init:${terminated.reason || exitReason(terminated)}`;
    else if (waiting?.reason && waiting.reason !== "PodInitializing") reason = `Init:${waiting.reason}`;
    else reason = `Init:${index}/${initContainers.length}`;
    return { initializing: true, reason, ready, total, all, restartable };
  }
  return { initializing: false, reason, ready, total, all, restartable };
}

function countRestarts(count: Restarts, container: ContainerStatus): void {
  count.restarts += container.restartCount;
  count.lastRestart = later(count.lastRestart, container.lastState?.terminated?.finishedAt);
}

function exitReason(terminated: { readonly exitCode: number; readonly signal?: number }): string {
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

function later(left: string | undefined, right: string | null | undefined): string | undefined {
  if (right == null) return left;
  return left === undefined || Date.parse(left) < Date.parse(right) ? right : left;
}

function hasCondition(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  return `${gates.filter((gate) => hasCondition(pod, gate.conditionType)).length}/${gates.length}`;
}

function orNone(text: string | undefined): string {
  return text || "<none>";
}
