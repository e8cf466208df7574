import type { Log } from "@ordinal/io";
import { World } from "@ordinal/simulator";
import { expect, test } from "vitest";

import type { Client } from "../api/client.ts";
import { createLocalClient } from "../api/local-client.ts";
import { createRegistry, type Registry } from "../api/registry.ts";
import { MemoryStore } from "../api/testing/memory-store.ts";
import { createKinds, NODE_PORT_RANGE } from "../kinds/index.ts";
import { EventRecorder } from "./event-recorder.ts";
import type { EventNote } from "./plan.ts";

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
const KINDS = createKinds({ clusterIPRange: "127.1.240.0/20", nodePortRange: NODE_PORT_RANGE });

async function start(): Promise<{ world: World; registry: Registry; client: Client; recorder: EventRecorder }> {
  const world = new World(1);
  const registry = await createRegistry({
    kinds: KINDS,
    store: new MemoryStore(),
    clock: world.clock,
    random: world.random,
  });
  const client = createLocalClient(registry, "kube-controller-manager");
  const recorder = new EventRecorder(
    { client, clock: world.clock, log: SILENT },
    "statefulset-controller",
    "kube-controller-manager",
  );
  return { world, registry, client, recorder };
}

const note = (message: string, name = "web"): EventNote => ({
  about: {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    namespace: "default",
    name,
    uid: `uid-${name}`,
    resourceVersion: "7",
  },
  type: "Normal",
  reason: "SuccessfulCreate",
  message,
});

test("an event has the fields of the original's", async () => {
  const { registry, recorder } = await start();
  recorder.record(note("made"));
  await recorder.flushed();
  const [event] = registry.peekAll("events");
  expect(event?.metadata.name).toMatch(/^web\.[0-9a-f]{16}$/);
  expect(event).toMatchObject({
    involvedObject: {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      name: "web",
      namespace: "default",
      uid: "uid-web",
      resourceVersion: "7",
    },
    type: "Normal",
    reason: "SuccessfulCreate",
    message: "made",
    count: 1,
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    source: { component: "statefulset-controller" },
    reportingComponent: "statefulset-controller",
  });
});

test("what is said again is counted, with the time of the last", async () => {
  const { world, registry, recorder } = await start();
  recorder.record(note("made"));
  await world.run(60_000);
  recorder.record(note("made"));
  recorder.record(note("made", "other"));
  await recorder.flushed();
  const counts = registry
    .peekAll("events")
    .map((event) => [event["count"], event["firstTimestamp"], event["lastTimestamp"]]);
  expect(counts.sort()).toEqual([
    [1, "2026-01-01T00:01:00Z", "2026-01-01T00:01:00Z"],
    [2, "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"],
  ]);
});

test("from the tenth different message of a reason on they are one event", async () => {
  const { registry, recorder } = await start();
  for (let index = 0; index < 15; index++) recorder.record(note(`made ${index}`));
  await recorder.flushed();
  const events = registry.peekAll("events");
  expect(events).toHaveLength(10);
  const combined = events.find((event) => String(event["message"]).startsWith("(combined from similar events): "));
  expect(combined).toMatchObject({ count: 6, message: "(combined from similar events): made 14" });
});

test("one subject gets 25 events at once and then one in five minutes", async () => {
  const { world, registry, recorder } = await start();
  for (let index = 0; index < 40; index++) recorder.record(note("made"));
  await recorder.flushed();
  expect(registry.peekAll("events")[0]?.["count"]).toBe(25);
  await world.run(301_000);
  recorder.record(note("made"));
  recorder.record(note("made"));
  await recorder.flushed();
  expect(registry.peekAll("events")[0]?.["count"]).toBe(26);
});

test("an event that has expired is written anew", async () => {
  const { client, registry, recorder } = await start();
  recorder.record(note("made"));
  await recorder.flushed();
  await client.delete("events", "default", registry.peekAll("events")[0]?.metadata.name ?? "");
  recorder.record(note("made"));
  await recorder.flushed();
  expect(registry.peekAll("events")[0]?.["count"]).toBe(2);
});
