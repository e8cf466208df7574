import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { afterEach, beforeEach, expect, test } from "vitest";

import type { Client } from "../api/client.ts";
import { StatusError } from "../api/status-error.ts";
import { StatusWriter } from "./status-writer.ts";
import { TestLab } from "./testing/test-lab.ts";

let lab: TestLab;
beforeEach(async () => (lab = await TestLab.create()));
afterEach(() => lab.end());

const condition = (type: string, status: string) => ({ type, status, lastTransitionTime: "2026-11-23T20:00:00Z" });

test("someone else's condition, written in between, stays", async () => {
  const pod = await lab.createPod("web-0", { containers: [{ name: "a", image: "nginx" }] });
  const writer = new StatusWriter(lab.client, lab.clock, lab.log, pod);
  await lab.client.patch(
    "pods",
    "default",
    "web-0",
    { status: { conditions: [condition("example.com/gate", "True")] } },
    { type: "merge", subresource: "status" },
  );
  writer.write({ phase: "Running", conditions: [condition("Ready", "True")] });
  await writer.settled();
  const { status } = await lab.pod("web-0");
  expect(status?.phase).toBe("Running");
  expect(status?.conditions?.map(({ type }) => type).toSorted()).toEqual(["Ready", "example.com/gate"]);
});

test("while a write is under way only the newest status waits, and what it no longer says is taken away", async () => {
  const pod = await lab.createPod("web-0", { containers: [{ name: "a", image: "nginx" }] });
  const written: unknown[] = [];
  const client: Client = {
    ...lab.client,
    patch: (...args) => (
      written.push((args[3] as { status: { phase: string } }).status.phase),
      lab.client.patch(...args)
    ),
  };
  const writer = new StatusWriter(client, lab.clock, lab.log, pod);
  writer.write({ phase: "Failed", reason: "DeadlineExceeded", message: "too long" });
  writer.write({ phase: "Pending" });
  writer.write({ phase: "Running" });
  await writer.settled();
  expect(written).toEqual(["Failed", "Running"]);
  const { status } = await lab.pod("web-0");
  expect(status).toMatchObject({ phase: "Running" });
  expect(status?.reason).toBeUndefined();
});

test("a refusal for good is told and not repeated; another error is retried", async () => {
  const pod = await lab.createPod("web-0", { containers: [{ name: "a", image: "nginx" }] });
  const errors: Error[] = [new StatusError(422, "Invalid", "no"), new Error("channel")];
  let calls = 0;
  const client: Client = {
    ...lab.client,
    patch: (...args) => {
      calls += 1;
      const error = errors.shift();
      return error === undefined ? lab.client.patch(...args) : Promise.reject(error);
    },
  };
  const writer = new StatusWriter(client, lab.clock, lab.log, pod as Pod);
  writer.write({ phase: "Running" });
  await writer.settled();
  expect(calls).toBe(1);
  expect(lab.problems).toHaveLength(1);
  writer.write({ phase: "Running" });
  await lab.clock.advance(200);
  await writer.settled();
  expect(calls).toBe(3);
  expect((await lab.pod("web-0")).status?.phase).toBe("Running");
});
