/**
 * From a container that should run to one that does: image, program, postStart hook; and again after it ended.
 * Order and words as in kubernetes `pkg/kubelet/kuberuntime` (computePodActions, startContainer, doBackOff).
 */
import { apiTime } from "../../kinds/api-time.ts";
import { goSeconds, nextBackOff, retryAt } from "./back-off.ts";
import { type ContainerRecord, isStarted, prepareRestart } from "./container.ts";
import type { Input } from "./messages.ts";
import { newProbe } from "./probe.ts";
import { emitEvent, podLabel, type PodWorker, type Step } from "./state.ts";
import { beginStop } from "./stop.ts";

/** An `Error` is on show this long before the wait for the next try takes its place: the period of the original's relist. */
const SHOW_FAILURE_MS = 1000;
/** What waits for something missing is tried again this often. */
const RETRY_MS = 10_000;

/** Whether the pod's policy wants an ended container again. */
export function wantsRestart(worker: PodWorker, container: ContainerRecord): boolean {
  if (container.role === "sidecar" || container.redefined) return true;
  const policy = worker.pod.spec?.restartPolicy ?? "Always";
  const exitCode = container.terminated?.exitCode;
  if (container.role === "init") return exitCode !== 0 && policy !== "Never";
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

/** Lets what is due take its next step on the way up. */
export function startContainers(step: Step): void {
  const { worker } = step;
  for (const container of worker.containers) {
    if (container.stage === "exited") considerRestart(step, container);
    else if (container.stage === "idle") showPullBackOff(step, container);
  }
  if (worker.sandbox !== "ready") return;
  for (const container of worker.containers) {
    if (container.role === "main") continue;
    if (worker.initialized && container.role === "init") continue;
    if (container.role === "init" && container.terminated?.exitCode === 0) continue;
    if (container.stage === "idle" && !startOne(step, container)) return;
    // A sidecar lets the next one go on as soon as it has started; an init container once it is done.
    if (!worker.initialized && !(container.role === "sidecar" && isStarted(container))) return;
  }
  worker.initialized = true;
  for (const container of worker.containers) {
    if (container.role === "main" && container.stage === "idle" && !startOne(step, container)) return;
  }
}

/** Starts an idle container if it is due. False: another one is on its way up, and they go one after the other. */
function startOne(step: Step, container: ContainerRecord): boolean {
  const { worker, now, outputs } = step;
  if (worker.containers.some(({ stage }) => stage === "finding" || stage === "starting" || stage === "postStart"))
    return false;
  if (container.notBefore > now) return true;
  container.stage = "finding";
  outputs.push({ kind: "findImage", container: container.spec.name, image: container.spec.image ?? "" });
  return false;
}

function considerRestart(step: Step, container: ContainerRecord): void {
  const { now, worker } = step;
  if (!wantsRestart(worker, container) || (worker.initialized && container.role === "init")) return;
  const due = retryAt(container.restartBackOff, container.finishedAt);
  if (now < due) {
    if (now < container.finishedAt + SHOW_FAILURE_MS) return;
    const { name } = container.spec;
    const delay = goSeconds(container.restartBackOff?.delayMs ?? 0);
    emitEvent(
      step,
      "Warning",
      "BackOff",
      `Back-off restarting failed container ${name} in pod ${podLabel(worker.pod)}`,
      name,
    );
    container.restartBackOff = nextBackOff(container.restartBackOff, container.finishedAt, due);
    prepareRestart(container, "CrashLoopBackOff");
    container.waiting = {
      reason: "CrashLoopBackOff",
      message: `back-off ${delay} restarting failed container=${name} pod=${podLabel(worker.pod)}`,
    };
    container.notBefore = due;
    return;
  }
  container.restartBackOff = nextBackOff(container.restartBackOff, container.finishedAt, now);
  const startFailed = container.terminated?.reason === "StartError";
  const { waiting } = container;
  prepareRestart(container, "ContainerCreating");
  if (startFailed) container.waiting = waiting;
  container.notBefore = 0;
}

function showPullBackOff(step: Step, container: ContainerRecord): void {
  if (container.waiting.reason !== "ErrImagePull" || container.pullBackOff === undefined) return;
  if (step.now < container.pullBackOff.updatedAt + SHOW_FAILURE_MS) return;
  const { name, image } = container.spec;
  emitEvent(step, "Normal", "BackOff", `Back-off pulling image "${image}"`, name);
  emitEvent(step, "Warning", "Failed", "Error: ImagePullBackOff", name);
  container.waiting = {
    reason: "ImagePullBackOff",
    message: `Back-off pulling image "${image}": ErrImagePull: ${container.waiting.message}`,
  };
}

/** Times at which a container that is on its way up wants a look; past ones have had theirs. */
export function startDeadlines(container: ContainerRecord): number[] {
  if (container.stage === "exited")
    return [retryAt(container.restartBackOff, container.finishedAt), container.finishedAt + SHOW_FAILURE_MS];
  if (container.stage !== "idle") return [];
  const { waiting, pullBackOff, notBefore } = container;
  return waiting.reason === "ErrImagePull" && pullBackOff !== undefined
    ? [notBefore, pullBackOff.updatedAt + SHOW_FAILURE_MS]
    : [notBefore];
}

type Answer<K extends Input["kind"]> = Extract<Input, { kind: K }>;

export function imageFound(step: Step, container: ContainerRecord, input: Answer<"imageFound">): void {
  if (container.stage !== "finding") return;
  const { name, image, imagePullPolicy } = container.spec;
  if (input.present && imagePullPolicy !== "Always") {
    emitEvent(step, "Normal", "Pulled", `Container image "${image}" already present on machine`, name);
  } else {
    emitEvent(step, "Normal", "Pulling", `Pulling image "${image}"`, name);
    const took = `${Math.max(1, Math.round(input.pullMs))}ms`;
    emitEvent(
      step,
      "Normal",
      "Pulled",
      `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${input.sizeBytes} bytes.`,
      name,
    );
  }
  container.imageId = input.imageId;
  container.stopSignal = input.stopSignal;
  container.pullBackOff = undefined;
  container.stage = "starting";
  if (container.ran) container.attempt += 1;
  container.ran = false;
  step.outputs.push({ kind: "start", container: name, attempt: container.attempt });
}

export function imageMissing(step: Step, container: ContainerRecord, input: Answer<"imageMissing">): void {
  if (container.stage !== "finding") return;
  const { name, image, imagePullPolicy } = container.spec;
  container.stage = "idle";
  if (input.reason === "InvalidImageName") {
    const message = `Failed to apply default image tag "${image}": ${input.message}`;
    emitEvent(step, "Warning", "InspectFailed", message, name);
    emitEvent(step, "Warning", "Failed", "Error: InvalidImageName", name);
    container.waiting = { reason: "InvalidImageName", message };
    container.notBefore = step.now + RETRY_MS;
    return;
  }
  if (imagePullPolicy === "Never") {
    const message = `Container image "${image}" is not present with pull policy of Never`;
    emitEvent(step, "Warning", "ErrImageNeverPull", message, name);
    emitEvent(step, "Warning", "Failed", "Error: ErrImageNeverPull", name);
    container.waiting = { reason: "ErrImageNeverPull", message };
    container.notBefore = step.now + RETRY_MS;
    return;
  }
  emitEvent(step, "Normal", "Pulling", `Pulling image "${image}"`, name);
  emitEvent(step, "Warning", "Failed", `Failed to pull image "${image}": ${input.message}`, name);
  emitEvent(step, "Warning", "Failed", "Error: ErrImagePull", name);
  container.waiting = { reason: "ErrImagePull", message: input.message };
  container.pullBackOff = nextBackOff(container.pullBackOff, step.now, step.now);
  container.notBefore = step.now + container.pullBackOff.delayMs;
}

export function started(step: Step, container: ContainerRecord, input: Answer<"started">): void {
  if (container.stage !== "starting" || input.attempt !== container.attempt) return;
  const { name, lifecycle } = container.spec;
  emitEvent(step, "Normal", "Created", `Created container: ${name}`, name);
  emitEvent(step, "Normal", "Started", `Started container ${name}`, name);
  container.id = `ordinal://${input.id}`;
  container.ran = true;
  container.startedAt = input.startedAt;
  if (lifecycle?.postStart === undefined) {
    nowRunning(step, container);
    return;
  }
  container.stage = "postStart";
  step.outputs.push({
    kind: "runHook",
    hook: "postStart",
    container: name,
    attempt: container.attempt,
    handler: lifecycle.postStart,
  });
}

export function postStartDone(step: Step, container: ContainerRecord, error: string | undefined): void {
  if (container.stage !== "postStart") return;
  if (error === undefined) {
    nowRunning(step, container);
    return;
  }
  // The hook's words may hold secrets; the event does not repeat them.
  emitEvent(step, "Warning", "FailedPostStartHook", "PostStartHook failed", container.spec.name);
  container.waiting = { reason: "PostStartHookError", message: error };
  beginStop(step, container, step.worker.pod.spec?.terminationGracePeriodSeconds ?? 30, "FailedPostStartHook");
}

function nowRunning(step: Step, container: ContainerRecord): void {
  const { spec } = container;
  container.stage = "running";
  container.probes = [
    ...(spec.startupProbe === undefined ? [] : [newProbe("startup", spec.startupProbe, step.now)]),
    ...(spec.livenessProbe === undefined ? [] : [newProbe("liveness", spec.livenessProbe, step.now)]),
    ...(spec.readinessProbe === undefined ? [] : [newProbe("readiness", spec.readinessProbe, step.now)]),
  ];
}

export function startFailed(step: Step, container: ContainerRecord, input: Answer<"startFailed">): void {
  if (container.stage !== "starting" || input.attempt !== container.attempt) return;
  const { name } = container.spec;
  if (input.reason === "RunContainerError") {
    emitEvent(step, "Normal", "Created", `Created container: ${name}`, name);
  }
  emitEvent(step, "Warning", "Failed", `Error: ${input.message}`, name);
  container.waiting = { reason: input.reason, message: input.message };
  if (input.reason !== "RunContainerError") {
    container.stage = "idle";
    container.notBefore = step.now + RETRY_MS;
    return;
  }
  // There was a container, and it ended before its program began: it counts as a run.
  container.stage = "exited";
  container.ran = true;
  container.finishedAt = step.now;
  container.terminated = {
    exitCode: 128,
    finishedAt: apiTime(step.now),
    message: input.message,
    reason: "StartError",
    startedAt: apiTime(0),
  };
}
