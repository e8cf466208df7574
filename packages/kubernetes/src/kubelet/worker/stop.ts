/**
 * The end of a container: preStop hook, the image's stop signal, the rest of the grace period, SIGKILL.
 * As in kubernetes `pkg/kubelet/kuberuntime/kuberuntime_container.go` (killContainer).
 */
import { apiTime } from "../../kinds/api-time.ts";
import { type ContainerRecord, isAlive } from "./container.ts";
import type { Input } from "./messages.ts";
import { emitEvent, type Step } from "./state.ts";

/** However little grace is left, a program gets this long between its stop signal and SIGKILL. */
const GRACE_MIN_MS = 2000;

/** Starts to stop a container that is alive; one that is being stopped already only gets less time. */
export function beginStop(step: Step, container: ContainerRecord, graceSeconds: number, message: string): void {
  if (!isAlive(container)) return;
  const { now } = step;
  const killAt = now + Math.max(graceSeconds * 1000, GRACE_MIN_MS);
  if (container.stopping !== undefined) {
    container.stopping.killAt = Math.min(container.stopping.killAt, killAt);
    return;
  }
  emitEvent(step, "Normal", "Killing", message, container.spec.name);
  const handler = container.spec.lifecycle?.preStop;
  container.stopping = { step: "preStop", killAt };
  if (handler === undefined || graceSeconds <= 0 || container.stage === "postStart") {
    sendStopSignal(step, container);
    return;
  }
  step.outputs.push({
    kind: "runHook",
    hook: "preStop",
    container: container.spec.name,
    attempt: container.attempt,
    handler,
  });
}

export function preStopDone(step: Step, container: ContainerRecord, error: string | undefined): void {
  if (container.stopping?.step !== "preStop") return;
  if (error !== undefined) emitEvent(step, "Warning", "FailedPreStopHook", "PreStopHook failed", container.spec.name);
  sendStopSignal(step, container);
}

function sendStopSignal(step: Step, container: ContainerRecord): void {
  const { stopping } = container;
  if (stopping === undefined) return;
  stopping.step = container.stopSignal === "SIGKILL" ? "killed" : "signal";
  stopping.killAt = Math.max(stopping.killAt, step.now + GRACE_MIN_MS);
  step.outputs.push({
    kind: "signal",
    container: container.spec.name,
    attempt: container.attempt,
    signal: container.stopSignal,
  });
}

/** Acts on grace periods that are over. */
export function stopContainers(step: Step): void {
  for (const container of step.worker.containers) {
    const { stopping } = container;
    if (stopping === undefined || stopping.step === "killed" || step.now < stopping.killAt || !isAlive(container))
      continue;
    if (stopping.step === "preStop") {
      sendStopSignal(step, container);
    } else {
      stopping.step = "killed";
      step.outputs.push({
        kind: "signal",
        container: container.spec.name,
        attempt: container.attempt,
        signal: "SIGKILL",
      });
    }
  }
}

export function stopDeadline(container: ContainerRecord): number {
  return container.stopping === undefined || container.stopping.step === "killed" || !isAlive(container)
    ? Infinity
    : container.stopping.killAt;
}

export function exited(step: Step, container: ContainerRecord, input: Extract<Input, { kind: "exited" }>): void {
  if (!isAlive(container) || input.attempt !== container.attempt) return;
  const hookFailed = container.stage === "postStart" && container.waiting.reason === "PostStartHookError";
  container.stage = "exited";
  container.stopping = undefined;
  container.probes = [];
  container.finishedAt = step.now;
  container.terminated = {
    ...(container.id === undefined ? {} : { containerID: container.id }),
    exitCode: input.exitCode,
    finishedAt: apiTime(step.now),
    ...(input.message === "" ? {} : { message: input.message }),
    reason: input.exitCode === 0 ? "Completed" : "Error",
    startedAt: apiTime(container.startedAt ?? step.now),
  };
  if (!hookFailed) container.waiting = { reason: "ContainerCreating" };
}
