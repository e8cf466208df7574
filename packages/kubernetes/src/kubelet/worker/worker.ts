/**
 * One pod's worker: what to start, stop, probe and report, decided without doing any of it.
 * Semantics as in kubernetes `pkg/kubelet` (pod_workers.go, kuberuntime_manager.go, prober/, status/).
 */
import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";

import { apiTime } from "../../kinds/api-time.ts";
import { type ContainerRecord, isBusy, isStarted, newContainer, takeOver } from "./container.ts";
import type { Input, Output } from "./messages.ts";
import { countResult } from "./probe.ts";
import { followDefinitions } from "./redefine.ts";
import * as start from "./start.ts";
import { emitEvent, type PodWorker, type Step } from "./state.ts";
import { podStatus } from "./status.ts";
import { beginStop, exited, preStopDone, stopContainers, stopDeadline } from "./stop.ts";

/** Delays between tries to make a sandbox: 0.5 s doubling to 122 s, the volume manager's. */
const SANDBOX_RETRY_FIRST_MS = 500;
const SANDBOX_RETRY_MAX_MS = 122_000;

/** Starts the worker of a pod bound to this node. What the pod's status says to have run is taken to be dead. */
export function newWorker(pod: Pod, hostIP: string, now: number): PodWorker {
  const inits = pod.spec?.initContainers ?? [];
  const waiting = inits.length > 0 ? "PodInitializing" : "ContainerCreating";
  const containers = [
    ...inits.map((spec) => newContainer(spec, isSidecar(spec) ? "sidecar" : "init", "PodInitializing")),
    ...(pod.spec?.containers ?? []).map((spec) => newContainer(spec, "main", waiting)),
  ];
  const byName = new Map(containers.map((container) => [container.spec.name, container]));
  for (const status of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]) {
    const container = byName.get(status.name);
    if (container !== undefined) takeOver(container, status, now);
  }
  const over = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
  // A pod of policy Never that ran once is not begun again elsewhere: it failed with its node.
  const ranOnce = containers.some(({ role, terminated }) => role === "main" && terminated !== undefined);
  const worker: PodWorker = {
    pod,
    hostIP,
    stage: over ? "stopped" : "active",
    sandbox: "none",
    sandboxRetryAt: 0,
    sandboxFailures: 0,
    address: undefined,
    containers,
    byName,
    initialized: over || inits.length === 0 || (ranOnce && pod.spec?.restartPolicy === "Never"),
    objectGone: false,
    endAt: Infinity,
    reason: undefined,
    message: undefined,
    startTime: pod.status?.startTime ?? apiTime(now),
    startedAt: pod.status?.startTime === undefined ? now : Date.parse(pod.status.startTime),
    conditions: new Map(),
    lastStatus: over ? "kept" : "",
  };
  for (const { type, status, lastTransitionTime } of pod.status?.conditions ?? []) {
    if (lastTransitionTime !== undefined && (status === "True" || status === "False")) {
      worker.conditions.set(type, { status, since: lastTransitionTime });
    }
  }
  if (!worker.initialized) for (const container of containers) if (container.role === "init") rerun(container);
  return worker;
}

function isSidecar(spec: Container): boolean {
  return spec.restartPolicy === "Always";
}

/** A new sandbox runs the init containers anew, also those that succeeded in the old one. */
function rerun(container: ContainerRecord): void {
  if (container.terminated === undefined) return;
  container.lastState = { terminated: container.terminated };
  container.terminated = undefined;
  container.stage = "idle";
}

/** Takes one input at wall time `now` in milliseconds. Call it with `tick` when `nextDeadline` has come. */
export function step(worker: PodWorker, input: Input, now: number): Output[] {
  const current: Step = { worker, now, outputs: [] };
  if (worker.stage === "finished") return current.outputs;
  apply(current, input);
  // How a container ended is told before it is started again: whoever watches sees `Error` or `Completed`.
  if (input.kind === "exited") report(current);
  advance(current);
  report(current);
  return current.outputs;
}

/** When the worker wants its next `tick` even if nothing happens; Infinity for never. `now` is the time of the last step. */
export function nextDeadline(worker: PodWorker, now: number): number {
  const times: number[] = [];
  for (const container of worker.containers) {
    times.push(stopDeadline(container));
    for (const { kind, dueAt } of container.probes)
      if (dueAt !== undefined && isDueAtAll(worker, container, kind)) times.push(dueAt);
    if (worker.stage === "active") times.push(...start.startDeadlines(container));
  }
  if (worker.stage === "active") times.push(activeDeadline(worker));
  if (worker.stage === "active" && worker.sandbox === "none") times.push(worker.sandboxRetryAt);
  // What was due at `now` has been acted on, or waits for an answer.
  return times.reduce((first, time) => (time > now && time < first ? time : first), Infinity);
}

function activeDeadline(worker: PodWorker): number {
  const seconds = worker.pod.spec?.activeDeadlineSeconds;
  return seconds === undefined ? Infinity : worker.startedAt + seconds * 1000;
}

function apply(current: Step, input: Input): void {
  const { worker, now } = current;
  switch (input.kind) {
    case "pod":
      worker.pod = input.pod;
      return;
    case "removed":
      worker.objectGone = true;
      return;
    case "sandboxReady":
      worker.sandbox = "ready";
      worker.address = input.address;
      worker.sandboxFailures = 0;
      return;
    case "sandboxFailed": {
      worker.sandbox = "none";
      worker.sandboxFailures += 1;
      worker.sandboxRetryAt =
        now + Math.min(SANDBOX_RETRY_FIRST_MS * 2 ** (worker.sandboxFailures - 1), SANDBOX_RETRY_MAX_MS);
      emitEvent(current, "Warning", input.reason, input.message);
      return;
    }
    case "sandboxStopped":
      worker.sandbox = "gone";
      return;
    case "configChanged":
      retryConfig(worker, now);
      return;
    case "tick":
      return;
    default:
      applyToContainer(current, input);
  }
}

function retryConfig(worker: PodWorker, now: number): void {
  if (worker.sandbox === "none" && worker.sandboxFailures > 0)
    worker.sandboxRetryAt = Math.min(worker.sandboxRetryAt, now);
  for (const container of worker.containers) {
    if (container.stage === "idle" && container.waiting.reason === "CreateContainerConfigError")
      container.notBefore = Math.min(container.notBefore, now);
  }
}

function applyToContainer(current: Step, input: Extract<Input, { container: string }>): void {
  const container = current.worker.byName.get(input.container);
  if (container === undefined) return;
  switch (input.kind) {
    case "imageFound":
      return start.imageFound(current, container, input);
    case "imageMissing":
      return start.imageMissing(current, container, input);
    case "started":
      return start.started(current, container, input);
    case "startFailed":
      return start.startFailed(current, container, input);
    case "exited":
      return exited(current, container, input);
    case "hookDone":
      if (input.attempt !== container.attempt) return;
      if (input.hook === "postStart") start.postStartDone(current, container, input.error);
      else preStopDone(current, container, input.error);
      return;
    case "probed":
      return probed(current, container, input);
  }
}

/** Liveness and startup end with the wish to stop; readiness is asked as long as the container lives. */
function isDueAtAll(
  worker: PodWorker,
  container: ContainerRecord,
  kind: "startup" | "liveness" | "readiness",
): boolean {
  if (container.stage !== "running") return false;
  if (kind === "startup") return worker.stage === "active" && container.stopping === undefined;
  if (!isStarted(container)) return false;
  return kind === "readiness" || (worker.stage === "active" && container.stopping === undefined);
}

function probed(current: Step, container: ContainerRecord, input: Extract<Input, { kind: "probed" }>): void {
  const { worker, now } = current;
  const record = container.probes.find(({ kind }) => kind === input.probe);
  if (record === undefined || input.attempt !== container.attempt || container.stage !== "running") return;
  if (!isDueAtAll(worker, container, record.kind)) return;
  const { name } = container.spec;
  const title = `${input.probe[0]?.toUpperCase()}${input.probe.slice(1)} probe`;
  if (input.outcome.result === "failure")
    emitEvent(current, "Warning", "Unhealthy", `${title} failed: ${input.outcome.output}`, name);
  if (input.outcome.result === "unknown")
    emitEvent(
      current,
      "Warning",
      "Unhealthy",
      `${title} errored and resulted in unknown state: ${input.outcome.output}`,
      name,
    );
  const turned = countResult(record, input.outcome, now);
  if (turned === "failed" && record.kind !== "readiness") {
    const grace = record.probe.terminationGracePeriodSeconds ?? worker.pod.spec?.terminationGracePeriodSeconds ?? 30;
    beginStop(current, container, grace, `Container ${name} failed ${record.kind} probe, will be restarted`);
  }
  if (turned === "passed" && record.kind === "startup") {
    for (const other of container.probes)
      if (other !== record && other.dueAt !== undefined)
        other.dueAt = Math.max(now, (container.startedAt ?? now) + (other.probe.initialDelaySeconds ?? 0) * 1000);
  }
}

function advance(current: Step): void {
  const { worker, now, outputs } = current;
  endIfTold(current);
  stopContainers(current);
  runProbes(current);
  if (worker.stage === "active") {
    followDefinitions(current);
    if (now >= activeDeadline(worker)) {
      worker.reason = "DeadlineExceeded";
      worker.message = "Pod was active on the node longer than the specified deadline";
      emitEvent(current, "Normal", "DeadlineExceeded", worker.message);
      worker.stage = "ending";
      worker.endAt = now + (worker.pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
    } else if (isComplete(current)) {
      worker.stage = "ending";
      worker.endAt = now + (worker.pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
    } else {
      if (worker.sandbox === "none" && now >= worker.sandboxRetryAt) {
        worker.sandbox = "creating";
        outputs.push({ kind: "createSandbox" });
      }
      start.startContainers(current);
    }
  }
  if (worker.stage === "ending") end(current);
  if (worker.stage === "stopping" && worker.sandbox !== "ready") worker.stage = "stopped";
}

/** A deletion, and a later one with less grace, reaches the containers. */
function endIfTold(current: Step): void {
  const { worker, now } = current;
  const { metadata } = worker.pod;
  if (metadata?.deletionTimestamp === undefined && !worker.objectGone) return;
  if (worker.stage === "active") worker.stage = "ending";
  const grace = worker.objectGone
    ? 0
    : (metadata?.deletionGracePeriodSeconds ?? worker.pod.spec?.terminationGracePeriodSeconds ?? 30);
  const endAt = now + grace * 1000;
  if (endAt >= worker.endAt) return;
  worker.endAt = endAt;
  for (const container of worker.containers) {
    if (container.stopping !== undefined) beginStop(current, container, Math.max(0, (endAt - now) / 1000), "");
  }
}

/** No container will run again: the pod succeeded or failed. */
function isComplete(current: Step): boolean {
  const { worker } = current;
  const mains = worker.containers.filter(({ role }) => role === "main");
  const failedInit =
    !worker.initialized &&
    worker.containers.some(
      (container) =>
        container.role === "init" &&
        container.stage === "exited" &&
        container.terminated?.exitCode !== 0 &&
        !start.wantsRestart(worker, container),
    );
  return (
    failedInit ||
    (mains.length > 0 &&
      mains.every((container) => container.stage === "exited" && !start.wantsRestart(worker, container)))
  );
}

function end(current: Step): void {
  const { worker, now, outputs } = current;
  const grace = Math.max(0, (worker.endAt - now) / 1000);
  const stop = (container: ContainerRecord) => {
    if (container.stopping === undefined)
      beginStop(current, container, grace, `Stopping container ${container.spec.name}`);
  };
  const sidecars = worker.containers.filter(({ role }) => role === "sidecar");
  const others = worker.containers.filter(({ role }) => role !== "sidecar");
  for (const container of worker.containers) if (container.stage === "finding") container.stage = "idle";
  others.forEach(stop);
  if (others.some(isBusy)) return;
  const last = sidecars.findLast(isBusy);
  if (last !== undefined) {
    stop(last);
    return;
  }
  if (worker.sandbox === "creating") return;
  worker.stage = "stopping";
  if (worker.sandbox === "ready") outputs.push({ kind: "stopSandbox" });
}

function runProbes(current: Step): void {
  const { worker, now, outputs } = current;
  for (const container of worker.containers) {
    for (const record of container.probes) {
      if (record.dueAt === undefined || record.dueAt > now || !isDueAtAll(worker, container, record.kind)) continue;
      record.dueAt = undefined;
      outputs.push({
        kind: "runProbe",
        probe: record.kind,
        container: container.spec.name,
        attempt: container.attempt,
        handler: record.probe,
      });
    }
  }
}

function report(current: Step): void {
  const { worker, now, outputs } = current;
  if (!worker.objectGone && worker.lastStatus !== "kept") {
    const status = podStatus(worker, now);
    const text = JSON.stringify(status);
    if (text !== worker.lastStatus) {
      worker.lastStatus = text;
      outputs.push({ kind: "status", status });
    }
  }
  const deleted = worker.pod.metadata?.deletionTimestamp !== undefined;
  if (worker.stage !== "stopped" || !(deleted || worker.objectGone)) return;
  worker.stage = "finished";
  outputs.push({ kind: "finished", removeObject: !worker.objectGone });
}
