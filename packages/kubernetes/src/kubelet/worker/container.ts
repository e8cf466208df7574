import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
} from "kubernetes-types/core/v1.d.ts";

import { apiTime } from "../../kinds/api-time.ts";
import type { BackOff } from "./back-off.ts";
import type { StopSignal } from "./messages.ts";
import type { ProbeRecord } from "./probe.ts";

/**
 * ```
 * idle ──findImage──▶ finding ──imageFound──▶ starting ──started──▶ (postStart ──▶) running ──exited──▶ exited
 *   ▲                    │ imageMissing           │ startFailed                        │ stopping…
 *   └────────────────────┴────────────────────────┘ waiting says why             exited ──restart──▶ idle
 * ```
 */
export type Stage = "idle" | "finding" | "starting" | "postStart" | "running" | "exited";

export interface Stopping {
  /** `preStop`: the hook runs; `signal`: the stop signal was sent; `killed`: SIGKILL was. */
  step: "preStop" | "signal" | "killed";
  /** End of the grace period: SIGKILL at the latest. */
  killAt: number;
}

/** What the worker knows of one container of the pod. */
export interface ContainerRecord {
  /** Of the present or latest run; the pod's object may say something newer. */
  spec: Container;
  readonly role: "init" | "sidecar" | "main";
  stage: Stage;
  /** Restart count: the number of the latest run, present or past. */
  attempt: number;
  /** A run with the number `attempt` was made; the next one takes the next number. */
  ran: boolean;
  /** Why it does not run, while it should. */
  waiting: { reason: string; message?: string };
  /** Not tried again before. */
  notBefore: number;
  id: string | undefined;
  imageId: string;
  stopSignal: StopSignal;
  startedAt: number | undefined;
  terminated: ContainerStateTerminated | undefined;
  /** Milliseconds, finer than the state's own second. */
  finishedAt: number;
  lastState: ContainerState;
  restartBackOff: BackOff | undefined;
  pullBackOff: BackOff | undefined;
  probes: ProbeRecord[];
  stopping: Stopping | undefined;
  /** It is stopped to start again with another image, whatever the restart policy. */
  redefined: boolean;
}

export function newContainer(spec: Container, role: ContainerRecord["role"], waitingReason: string): ContainerRecord {
  return {
    spec,
    role,
    stage: "idle",
    attempt: 0,
    ran: false,
    waiting: { reason: waitingReason },
    notBefore: 0,
    id: undefined,
    imageId: "",
    stopSignal: "SIGTERM",
    startedAt: undefined,
    terminated: undefined,
    finishedAt: 0,
    lastState: {},
    restartBackOff: undefined,
    pullBackOff: undefined,
    probes: [],
    stopping: undefined,
    redefined: false,
  };
}

/**
 * Takes over what an earlier kubelet reported of a container, none of whose processes is left: as after a reboot of the
 * node, what ran counts as killed (137).
 */
export function takeOver(record: ContainerRecord, status: ContainerStatus, now: number): void {
  record.attempt = status.restartCount;
  record.ran = status.containerID !== undefined;
  record.imageId = status.imageID;
  record.id = status.containerID;
  record.lastState = status.lastState ?? {};
  const running = status.state?.running;
  if (running !== undefined) {
    record.terminated = {
      ...(status.containerID === undefined ? {} : { containerID: status.containerID }),
      exitCode: 137,
      finishedAt: apiTime(now),
      reason: "Error",
      ...(running.startedAt === undefined ? {} : { startedAt: running.startedAt }),
    };
  } else if (status.state?.terminated !== undefined) {
    record.terminated = status.state.terminated;
  }
  if (record.terminated !== undefined) {
    record.stage = "exited";
    record.finishedAt = now;
  }
}

/** Makes room for the next run: the finished one becomes the last state. */
export function prepareRestart(record: ContainerRecord, waitingReason: string): void {
  if (record.terminated !== undefined) record.lastState = { terminated: record.terminated };
  record.stage = "idle";
  record.terminated = undefined;
  record.stopping = undefined;
  record.redefined = false;
  record.probes = [];
  record.startedAt = undefined;
  record.waiting = { reason: waitingReason };
}

export function isAlive(record: ContainerRecord): boolean {
  return record.stage === "running" || record.stage === "postStart";
}

/** Alive or about to be: the sandbox cannot go yet. */
export function isBusy(record: ContainerRecord): boolean {
  return isAlive(record) || record.stage === "starting";
}

function verdict(record: ContainerRecord, kind: ProbeRecord["kind"]): ProbeRecord | undefined {
  return record.probes.find((probe) => probe.kind === kind);
}

export function isStarted(record: ContainerRecord): boolean {
  return record.stage === "running" && (verdict(record, "startup")?.passed ?? record.spec.startupProbe === undefined);
}

export function isReady(record: ContainerRecord): boolean {
  if (record.role === "init") return record.terminated?.exitCode === 0;
  return isStarted(record) && (verdict(record, "readiness")?.passed ?? record.spec.readinessProbe === undefined);
}
