import fc from "fast-check";
import { expect, test } from "vitest";

import type { Input, Output } from "./messages.ts";
import { T0, testPod } from "./worker-driver.ts";
import { newWorker, nextDeadline, step } from "./worker.ts";

/** What a machine under test may do next; numbers choose among what is possible at that moment. */
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("answer" as const), pick: fc.nat(), good: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("exit" as const), pick: fc.nat(), code: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), milliseconds: fc.nat(40_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), grace: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("config" as const) }) },
);

const probe = { tcpSocket: { port: 1 }, periodSeconds: 2, failureThreshold: 2 };
const hooks = { preStop: { exec: { command: ["x"] } }, postStart: { exec: { command: ["x"] } } };
const shape = fc.record({
  restartPolicy: fc.constantFrom("Always", "OnFailure", "Never"),
  init: fc.boolean(),
  sidecar: fc.boolean(),
  probes: fc.boolean(),
  hooks: fc.boolean(),
  deadline: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
});

/** A machine: pods' processes as far as they exist, questions not yet answered. */
class Machine {
  readonly worker;
  now = T0;
  readonly alive = new Map<string, number>();
  readonly open: Output[] = [];
  finished = 0;
  sandbox = false;
  #runs = 0;

  constructor(pod: Parameters<typeof newWorker>[0]) {
    this.worker = newWorker(pod, "127.16.0.1", this.now);
  }

  feed(input: Input): void {
    for (const output of step(this.worker, input, this.now)) this.#take(output);
    expect(nextDeadline(this.worker, this.now)).toBeGreaterThan(this.now);
  }

  #take(output: Output): void {
    if (output.kind === "event" || output.kind === "status") return;
    if (output.kind === "finished") {
      // Nothing of the pod may be left, and it is told once.
      expect(this.alive.size).toBe(0);
      expect(this.sandbox).toBe(false);
      this.finished += 1;
      return;
    }
    if (output.kind === "signal") {
      expect(this.alive.has(output.container)).toBe(true);
      if (output.signal === "SIGKILL") this.open.push(output);
      return;
    }
    if (output.kind === "start") {
      expect(this.sandbox).toBe(true);
      expect(this.alive.has(output.container)).toBe(false);
      expect(this.open.some((other) => other.kind === "start" && other.container === output.container)).toBe(false);
    }
    if (output.kind === "createSandbox") expect(this.sandbox).toBe(false);
    if (output.kind === "stopSandbox") expect(this.alive.size).toBe(0);
    this.open.push(output);
  }

  answer(pick: number, good: boolean): void {
    const [output] = this.open.length === 0 ? [] : this.open.splice(pick % this.open.length, 1);
    if (output === undefined) return;
    switch (output.kind) {
      case "createSandbox":
        this.sandbox = good;
        return this.feed(
          good
            ? { kind: "sandboxReady", address: "127.16.0.10" }
            : { kind: "sandboxFailed", reason: "FailedMount", message: "no" },
        );
      case "stopSandbox":
        this.sandbox = false;
        return this.feed({ kind: "sandboxStopped" });
      case "findImage":
        return this.feed(
          good
            ? {
                kind: "imageFound",
                container: output.container,
                present: true,
                pullMs: 0,
                imageId: "i",
                sizeBytes: 0,
                stopSignal: "SIGTERM",
              }
            : { kind: "imageMissing", container: output.container, reason: "ErrImagePull", message: "no" },
        );
      case "start": {
        const { container, attempt } = output;
        if (!good)
          return this.feed({
            kind: "startFailed",
            container,
            attempt,
            reason: attempt % 2 === 0 ? "RunContainerError" : "CreateContainerConfigError",
            message: "no",
          });
        this.alive.set(container, attempt);
        return this.feed({ kind: "started", container, attempt, id: String(this.#runs++), startedAt: this.now });
      }
      case "runHook":
        return this.feed({
          kind: "hookDone",
          hook: output.hook,
          container: output.container,
          attempt: output.attempt,
          ...(good ? {} : { error: "no" }),
        });
      case "runProbe":
        return this.feed({
          kind: "probed",
          probe: output.probe,
          container: output.container,
          attempt: output.attempt,
          outcome: { result: good ? "success" : "failure", output: "" },
        });
      case "signal":
        return this.exit(output.container, 137);
      default:
        return;
    }
  }

  exit(container: string, exitCode: number): void {
    const attempt = this.alive.get(container);
    if (attempt === undefined) return;
    this.alive.delete(container);
    this.feed({ kind: "exited", container, attempt, exitCode, message: "" });
  }

  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (let due = nextDeadline(this.worker, this.now); due <= end; due = nextDeadline(this.worker, this.now)) {
      this.now = due;
      this.feed({ kind: "tick" });
    }
    this.now = end;
  }

  delete(grace: number): void {
    const { pod } = this.worker;
    this.feed({
      kind: "pod",
      pod: {
        ...pod,
        metadata: { ...pod.metadata, deletionTimestamp: "2026-11-23T21:00:00Z", deletionGracePeriodSeconds: grace },
      },
    });
  }
}

test("whatever happens: one run of a container at a time, nothing outlives the pod, and a deleted pod ends", () => {
  fc.assert(
    fc.property(shape, fc.array(action, { maxLength: 80 }), (given, actions) => {
      const main = {
        name: "main",
        image: "i",
        ...(given.probes ? { startupProbe: probe, livenessProbe: probe, readinessProbe: probe } : {}),
        ...(given.hooks ? { lifecycle: hooks } : {}),
      };
      const machine = new Machine(
        testPod({
          restartPolicy: given.restartPolicy,
          initContainers: [
            ...(given.init ? [{ name: "init", image: "i" }] : []),
            ...(given.sidecar ? [{ name: "side", image: "i", restartPolicy: "Always" }] : []),
          ],
          containers: [main, { name: "second", image: "i" }],
          ...(given.deadline === undefined ? {} : { activeDeadlineSeconds: given.deadline }),
        }),
      );
      machine.feed({ kind: "tick" });
      for (const each of actions) {
        if (each.kind === "answer") machine.answer(each.pick, each.good);
        else if (each.kind === "exit")
          machine.exit([...machine.alive.keys()][each.pick % Math.max(1, machine.alive.size)] ?? "", each.code);
        else if (each.kind === "pass") machine.pass(each.milliseconds);
        else if (each.kind === "delete") machine.delete(each.grace);
        else if (each.kind === "remove") machine.feed({ kind: "removed" });
        else machine.feed({ kind: "configChanged" });
      }
      // From here on the machine answers, programs ignore everything but SIGKILL, and the pod must come to its end.
      machine.delete(30);
      for (let round = 0; round < 200 && machine.finished === 0; round++) {
        while (machine.open.length > 0) machine.answer(0, true);
        machine.pass(1000);
      }
      expect(machine.finished).toBe(1);
    }),
    { numRuns: 500 },
  );
});
