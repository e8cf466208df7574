import type { Pod, PodStatus } from "kubernetes-types/core/v1.d.ts";

import type { Input, Output } from "./messages.ts";
import type { PodWorker } from "./state.ts";
import { newWorker, nextDeadline, step } from "./worker.ts";

/** 2026-11-23T20:24:26Z */
export const T0 = Date.UTC(2026, 10, 23, 20, 24, 26);

export function testPod(
  spec: Partial<NonNullable<Pod["spec"]>>,
  metadata: Pod["metadata"] = {},
  status?: PodStatus,
): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web-0", namespace: "default", uid: "u1", ...metadata },
    spec: { nodeName: "node-0", containers: [{ name: "nginx", image: "nginx" }], ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

/** Plays the shell of one worker under a virtual clock: answers what a healthy machine would, keeps what was asked and told. */
export class WorkerDriver {
  readonly worker: PodWorker;
  now = T0;
  status: PodStatus = {};
  readonly statuses: PodStatus[] = [];
  readonly events: string[] = [];
  readonly asked: Output[] = [];
  finished: boolean | undefined;
  /** Exit of the next runs right after their start. */
  exitAtStart: number | undefined;
  missingImages = new Set<string>();
  #runs = 0;
  /** Answers wait until the step they answer is told in full. */
  readonly #inputs: Input[] = [];

  constructor(pod: Pod) {
    this.worker = newWorker(pod, "127.16.0.1", this.now);
  }

  feed(input: Input): this {
    this.#inputs.push(input);
    if (this.#inputs.length > 1) return this;
    for (let next = this.#inputs[0]; next !== undefined; next = this.#inputs[0]) {
      for (const output of step(this.worker, next, this.now)) this.#take(output);
      this.#inputs.shift();
    }
    return this;
  }

  /** Lets time pass, ticking at every deadline in between. */
  pass(seconds: number): this {
    const end = this.now + seconds * 1000;
    for (let due = nextDeadline(this.worker, this.now); due <= end; due = nextDeadline(this.worker, this.now)) {
      this.now = due;
      this.feed({ kind: "tick" });
    }
    this.now = end;
    return this;
  }

  begin(): this {
    return this.feed({ kind: "tick" });
  }

  delete(graceSeconds: number): this {
    const { pod } = this.worker;
    const metadata = {
      ...pod.metadata,
      deletionTimestamp: new Date(this.now + graceSeconds * 1000).toISOString(),
      deletionGracePeriodSeconds: graceSeconds,
    };
    return this.feed({ kind: "pod", pod: { ...pod, metadata } });
  }

  setImage(container: string, image: string): this {
    const { pod } = this.worker;
    const containers = (pod.spec?.containers ?? []).map((spec) =>
      spec.name === container ? { ...spec, image } : spec,
    );
    return this.feed({ kind: "pod", pod: { ...pod, spec: { ...pod.spec, containers } } });
  }

  exit(container: string, exitCode: number): this {
    const attempt = this.worker.byName.get(container)?.attempt ?? 0;
    return this.feed({ kind: "exited", container, attempt, exitCode, message: "" });
  }

  probed(
    container: string,
    probe: "startup" | "liveness" | "readiness",
    result: "success" | "failure" | "unknown",
    output = "",
  ): this {
    const attempt = this.worker.byName.get(container)?.attempt ?? 0;
    return this.feed({ kind: "probed", probe, container, attempt, outcome: { result, output } });
  }

  /** What was asked since the last call, as short text: `start nginx 0`, `signal nginx SIGTERM`. */
  takeAsked(): string[] {
    const taken = this.asked.splice(0).map((output) => {
      switch (output.kind) {
        case "start":
          return `start ${output.container} ${output.attempt}`;
        case "signal":
          return `signal ${output.container} ${output.signal}`;
        case "runHook":
          return `${output.hook} ${output.container}`;
        case "runProbe":
          return `${output.probe} ${output.container}`;
        default:
          return output.kind;
      }
    });
    return taken;
  }

  condition(type: string): string {
    const found = this.status.conditions?.find((condition) => condition.type === type);
    return [found?.status, found?.reason, found?.message].filter((part) => part !== undefined).join(" ");
  }

  state(name: string): string {
    const all = [...(this.status.initContainerStatuses ?? []), ...(this.status.containerStatuses ?? [])];
    const status = all.find((each) => each.name === name);
    const { waiting, running, terminated } = status?.state ?? {};
    const text =
      waiting !== undefined
        ? `waiting ${waiting.reason}`
        : running !== undefined
          ? "running"
          : `terminated ${terminated?.reason} ${terminated?.exitCode}`;
    return `${text} x${status?.restartCount}${status?.ready === true ? " ready" : ""}`;
  }

  #take(output: Output): void {
    switch (output.kind) {
      case "status":
        this.status = output.status;
        this.statuses.push(output.status);
        return;
      case "event":
        this.events.push(`${output.reason} ${output.message}`);
        return;
      case "finished":
        this.finished = output.removeObject;
        return;
      case "createSandbox":
        this.asked.push(output);
        this.feed({ kind: "sandboxReady", address: "127.16.0.10" });
        return;
      case "stopSandbox":
        this.asked.push(output);
        this.feed({ kind: "sandboxStopped" });
        return;
      case "findImage":
        if (this.missingImages.has(output.image)) {
          this.feed({
            kind: "imageMissing",
            container: output.container,
            reason: "ErrImagePull",
            message: "not known",
          });
        } else {
          this.feed({
            kind: "imageFound",
            container: output.container,
            present: true,
            pullMs: 1,
            imageId: `${output.image}@sha256:0`,
            sizeBytes: 0,
            stopSignal: "SIGTERM",
          });
        }
        return;
      case "start": {
        this.asked.push(output);
        const { container, attempt } = output;
        this.feed({ kind: "started", container, attempt, id: `id${this.#runs++}`, startedAt: this.now });
        if (this.exitAtStart !== undefined)
          this.feed({ kind: "exited", container, attempt, exitCode: this.exitAtStart, message: "" });
        return;
      }
      default:
        this.asked.push(output);
    }
  }
}
