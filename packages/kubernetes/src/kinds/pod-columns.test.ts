import type { ContainerState, ContainerStatus, Pod, PodStatus } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, test } from "vitest";

import { podRow } from "./pod-columns.ts";

const NOW = Date.parse("2026-11-23T20:30:00Z");

interface Shape {
  readonly init?: readonly (ContainerState & {
    readonly sidecar?: boolean;
    readonly ready?: boolean;
    readonly restarts?: number;
  })[];
  readonly containers?: readonly (ContainerState & {
    readonly ready?: boolean;
    readonly restarts?: number;
    readonly last?: string;
  })[];
  readonly phase?: string;
  readonly reason?: string;
  readonly conditions?: readonly string[];
  readonly deleted?: boolean;
  /** Containers of the spec, when their statuses are not there yet. */
  readonly wanted?: number;
}

function pod({ init = [], containers = [], phase = "Running", reason, conditions = [], deleted, wanted }: Shape): Pod {
  const status = (name: string, shape: NonNullable<Shape["containers"]>[number]): ContainerStatus => {
    const { ready = false, restarts = 0, last, ...state } = shape;
    const lastState = last === undefined ? {} : { terminated: { exitCode: 1, finishedAt: last } };
    return { name, image: "i", imageID: "i", ready, restartCount: restarts, state, lastState, started: ready };
  };
  const result: PodStatus = {
    phase,
    ...(reason !== undefined && { reason }),
    conditions: conditions.map((type) =>
      type === "SchedulingGated" ? { type: "PodScheduled", status: "False", reason: type } : { type, status: "True" },
    ),
    initContainerStatuses: init.map(({ sidecar: _sidecar, ...one }, index) => status(`i${index}`, one)),
    containerStatuses: containers.map((one, index) => status(`c${index}`, one)),
  };
  const names = Array.from({ length: wanted ?? containers.length }, (_, index) => ({ name: `c${index}` }));
  return {
    metadata: {
      name: "p",
      creationTimestamp: "2026-11-23T20:29:00Z",
      ...(deleted && { deletionTimestamp: "2026-11-23T20:30:00Z" }),
    },
    spec: {
      containers: names,
      initContainers: init.map(({ sidecar }, index) => ({
        name: `i${index}`,
        ...(sidecar && { restartPolicy: "Always" }),
      })),
    },
    status: result,
  };
}

const running = { running: {} };
const ready = { ...running, ready: true };
const waiting = (reason: string) => ({ waiting: { reason } });
const ended = (exitCode: number, reason?: string, signal?: number) => ({
  terminated: { exitCode, ...(reason !== undefined && { reason }), ...(signal !== undefined && { signal }) },
});

describe("READY and STATUS of a pod", () => {
  test.each<[string, string, string, Shape]>([
    ["that waits for a node", "0/1", "Pending", { phase: "Pending", wanted: 1 }],
    [
      "that waits behind gates",
      "0/1",
      "SchedulingGated",
      { phase: "Pending", wanted: 1, conditions: ["SchedulingGated"] },
    ],
    [
      "whose container is made",
      "0/1",
      "ContainerCreating",
      { phase: "Pending", containers: [waiting("ContainerCreating")] },
    ],
    ["that runs and is not ready", "0/1", "Running", { containers: [running] }],
    ["that is ready", "2/2", "Running", { containers: [ready, ready] }],
    ["that failed", "0/1", "Error", { containers: [ended(1, "Error")] }],
    ["that backs off", "1/2", "CrashLoopBackOff", { containers: [waiting("CrashLoopBackOff"), ready] }],
    [
      "whose image is unknown",
      "0/1",
      "ImagePullBackOff",
      { phase: "Pending", containers: [waiting("ImagePullBackOff")] },
    ],
    ["that was killed without a reason", "0/1", "Signal:9", { containers: [ended(137, undefined, 9)] }],
    ["that ended without a reason", "0/1", "ExitCode:3", { containers: [ended(3)] }],
    ["that is complete", "0/1", "Completed", { phase: "Succeeded", containers: [ended(0, "Completed")] }],
    [
      "with a part that goes on, ready",
      "1/2",
      "Running",
      { containers: [ended(0, "Completed"), ready], conditions: ["Ready"] },
    ],
    ["with a part that goes on, not ready", "1/2", "NotReady", { containers: [ended(0, "Completed"), ready] }],
    [
      "whose first container decides",
      "0/2",
      "Error",
      { containers: [ended(1, "Error"), waiting("ContainerCreating")] },
    ],
    ["that is deleted", "1/1", "Terminating", { containers: [ready], deleted: true }],
    [
      "that is deleted once it has ended",
      "0/1",
      "Completed",
      { phase: "Succeeded", containers: [ended(0, "Completed")], deleted: true },
    ],
    ["on a lost node", "1/1", "Unknown", { containers: [ready], deleted: true, reason: "NodeLost" }],
    ["that was evicted", "0/1", "Evicted", { phase: "Failed", reason: "Evicted", wanted: 1 }],
    [
      "in its first init container",
      "0/1",
      "Init:0/2",
      { phase: "Pending", init: [running, waiting("PodInitializing")], wanted: 1 },
    ],
    [
      "in its second init container",
      "0/1",
      "Init:1/2",
      { phase: "Pending", init: [ended(0, "Completed"), running], wanted: 1 },
    ],
    [
      "whose init container backs off",
      "0/1",
      "Init:CrashLoopBackOff",
      { phase: "Pending", init: [waiting("CrashLoopBackOff")], wanted: 1 },
    ],
    ["whose init container failed", "0/1", "Init:Error", { phase: "Pending", init: [ended(1, "Error")], wanted: 1 }],
    [
      "whose init container was killed",
      "0/1",
      "Init:Signal:9",
      { phase: "Pending", init: [ended(137, undefined, 9)], wanted: 1 },
    ],
    ["whose init containers are done", "1/1", "Running", { init: [ended(0, "Completed")], containers: [ready] }],
    [
      "with a sidecar",
      "2/2",
      "Running",
      { init: [{ ...ready, sidecar: true }], containers: [ready], conditions: ["Initialized"] },
    ],
    [
      "with a sidecar that starts",
      "0/2",
      "Init:0/1",
      { phase: "Pending", init: [{ ...running, sidecar: true }], wanted: 1 },
    ],
  ])("%s are %s %s", (_state, readyCell, statusCell, shape) => {
    expect(podRow(pod(shape), NOW).slice(1, 3)).toEqual([readyCell, statusCell]);
  });
});

describe("RESTARTS of a pod", () => {
  test.each<[string, string, Shape]>([
    ["none", "0", { containers: [ready] }],
    ["one, five seconds ago", "1 (5s ago)", { containers: [{ ...ready, restarts: 1, last: "2026-11-23T20:29:55Z" }] }],
    [
      "the latest of two containers",
      "3 (2m5s ago)",
      {
        containers: [
          { ...ready, restarts: 1, last: "2026-11-23T20:20:00Z" },
          { ...ready, restarts: 2, last: "2026-11-23T20:27:55Z" },
        ],
      },
    ],
    ["without a time", "2", { containers: [{ ...ready, restarts: 2 }] }],
    [
      "of init containers while they run",
      "2",
      { phase: "Pending", init: [{ ...waiting("CrashLoopBackOff"), restarts: 2 }], wanted: 1 },
    ],
    [
      "not of init containers that are done",
      "1",
      { init: [{ ...ended(0), restarts: 4 }], containers: [{ ...ready, restarts: 1 }] },
    ],
    [
      "of sidecars",
      "5",
      {
        init: [{ ...ready, sidecar: true, restarts: 4 }],
        containers: [{ ...ready, restarts: 1 }],
        conditions: ["Initialized"],
      },
    ],
  ])("%s: %s", (_case, restarts, shape) => {
    expect(podRow(pod(shape), NOW)[3]).toBe(restarts);
  });
});

describe("the wide columns of a pod", () => {
  test("say <none> for what is not known", () => {
    expect(podRow(pod({ phase: "Pending", wanted: 1 }), NOW).slice(4)).toEqual([
      "60s",
      "<none>",
      "<none>",
      "<none>",
      "<none>",
    ]);
  });

  test("count the readiness gates that hold", () => {
    const gated = pod({ containers: [ready], conditions: ["a/b"] });
    Object.assign(gated.spec ?? {}, { readinessGates: [{ conditionType: "a/b" }, { conditionType: "c/d" }] });
    expect(podRow(gated, NOW)[8]).toBe("1/2");
  });
});
