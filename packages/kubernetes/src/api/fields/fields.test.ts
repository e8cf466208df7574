import { describe, expect, it } from "vitest";

import { createKinds, NODE_PORT_RANGE } from "../../kinds/index.ts";
import type { KubeObject } from "../object.ts";
import { createRegistry, type Registry } from "../registry.ts";
import { StatusError } from "../status-error.ts";
import { MemoryStore } from "../testing/memory-store.ts";
import { widgets } from "../testing/test-kinds.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";

const kinds = [...createKinds({ clusterIPRange: "127.9.240.0/20", nodePortRange: NODE_PORT_RANGE }), widgets];

async function open(): Promise<{ registry: Registry; clock: VirtualClock }> {
  const clock = new VirtualClock(Date.parse("2026-01-02T03:04:05Z"));
  return { registry: await createRegistry({ kinds, store: new MemoryStore(), clock }), clock };
}

async function apply(registry: Registry, manager: string, spec: object, force = false): Promise<KubeObject> {
  const value = { apiVersion: "test.example.com/v1", kind: "Widget", metadata: { name: "a" }, spec };
  const request = { type: "apply" as const, body: { value, duplicates: [] } };
  return (await registry.patch(widgets, "default", "a", request, { manager, force })).object;
}

function owners(object: KubeObject): Record<string, unknown> {
  const entries = object.metadata.managedFields ?? [];
  return Object.fromEntries(entries.map((entry) => [`${entry.operation} ${entry.manager}`, entry.fieldsV1]));
}

const service = {
  metadata: { name: "nginx", namespace: "default", labels: { app: "nginx" } },
  spec: { ports: [{ port: 80, name: "web" }], clusterIP: "None", selector: { app: "nginx" } },
};

describe("managed fields of updates", () => {
  it("are those of a real server for a created Service", async () => {
    const { registry } = await open();
    const kind = registry.table.named("services");
    const object = await registry.create(kind, "default", { value: service, duplicates: [] }, { manager: "m" });
    expect(object.metadata.managedFields).toEqual([
      {
        manager: "m",
        operation: "Update",
        apiVersion: "v1",
        time: "2026-01-02T03:04:05Z",
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
          "f:spec": {
            "f:clusterIP": {},
            "f:internalTrafficPolicy": {},
            "f:ports": {
              ".": {},
              'k:{"port":80,"protocol":"TCP"}': {
                ".": {},
                "f:name": {},
                "f:port": {},
                "f:protocol": {},
                "f:targetPort": {},
              },
            },
            "f:selector": {},
            "f:sessionAffinity": {},
            "f:type": {},
          },
        },
      },
    ]);
  });

  it("move with the field to who changed it last, and the time with them", async () => {
    const { registry, clock } = await open();
    const value = { metadata: { name: "a", namespace: "default" }, spec: { replicas: 2, size: "1" } };
    await registry.create(widgets, "default", { value, duplicates: [] }, { manager: "one" });
    await clock.advance(10_000);
    const patch = { type: "merge" as const, body: { value: { spec: { replicas: 3 } }, duplicates: [] } };
    const { object } = await registry.patch(widgets, "default", "a", patch, { manager: "two" });
    expect(object.metadata.managedFields?.map(({ manager, time, fieldsV1 }) => ({ manager, time, fieldsV1 }))).toEqual([
      { manager: "one", time: "2026-01-02T03:04:05Z", fieldsV1: { "f:spec": { "f:size": {} } } },
      { manager: "two", time: "2026-01-02T03:04:15Z", fieldsV1: { "f:spec": { "f:replicas": {} } } },
    ]);
  });

  it("of a subresource are kept apart", async () => {
    const { registry } = await open();
    const value = { metadata: { name: "a", namespace: "default" }, spec: {} };
    await registry.create(widgets, "default", { value, duplicates: [] }, { manager: "m" });
    const status = { ...value, status: { ready: 1 } };
    const object = await registry.update(
      widgets,
      "default",
      "a",
      { value: status, duplicates: [] },
      { manager: "m" },
      "status",
    );
    const own = object.metadata.managedFields?.find((entry) => entry.subresource === "status");
    expect(own?.fieldsV1).toEqual({ "f:status": { "f:ready": {} } });
  });

  it("of more than ten managers are merged, the oldest first", async () => {
    const { registry, clock } = await open();
    const value = { metadata: { name: "a", namespace: "default", labels: { l0: "x" } }, spec: {} };
    await registry.create(widgets, "default", { value, duplicates: [] }, { manager: "m0" });
    for (let number = 1; number < 14; number++) {
      await clock.advance(1000);
      const patch = { metadata: { labels: { [`l${number}`]: "x" } } };
      await registry.patch(
        widgets,
        "default",
        "a",
        { type: "merge", body: { value: patch, duplicates: [] } },
        { manager: `m${number}` },
      );
    }
    const managers = registry.get(widgets, "default", "a").metadata.managedFields?.map((entry) => entry.manager);
    expect(managers).toHaveLength(10);
    expect(managers).toContain("ancient-changes");
    expect(managers).toContain("m13");
    expect(managers).not.toContain("m1");
  });
});

describe("server-side apply", () => {
  it("makes an object and owns what it said", async () => {
    const { registry } = await open();
    const object = await apply(registry, "one", { size: "1", parts: [{ name: "p", image: "i" }] });
    expect(object["spec"]).toEqual({ replicas: 1, size: "1", parts: [{ name: "p", image: "i" }] });
    expect(owners(object)).toEqual({
      "Apply one": {
        "f:spec": { "f:size": {}, "f:parts": { 'k:{"name":"p"}': { ".": {}, "f:name": {}, "f:image": {} } } },
      },
    });
  });

  it("refuses to take a field from another manager, in the original's words", async () => {
    const { registry } = await open();
    await apply(registry, "one", { size: "1", replicas: 2 });
    const single = await apply(registry, "two", { size: "2" }).catch((error: unknown) => error as StatusError);
    expect([single instanceof StatusError && single.code, single instanceof StatusError && single.message]).toEqual([
      409,
      'Apply failed with 1 conflict: conflict with "one": .spec.size',
    ]);
    const both = await apply(registry, "two", { size: "2", replicas: 3 }).catch(
      (error: unknown) => error as StatusError,
    );
    expect(both instanceof StatusError && both.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.replicas\n- .spec.size',
    );
    expect(both instanceof StatusError && both.details?.causes?.[0]).toEqual({
      reason: "FieldManagerConflict",
      message: 'conflict with "one"',
      field: ".spec.replicas",
    });
    const forced = await apply(registry, "two", { size: "2" }, true);
    expect(owners(forced)).toEqual({
      "Apply one": { "f:spec": { "f:replicas": {} } },
      "Apply two": { "f:spec": { "f:size": {} } },
    });
  });

  it("names the version of an updater in a conflict", async () => {
    const { registry } = await open();
    const value = { metadata: { name: "a", namespace: "default" }, spec: { size: "1" } };
    await registry.create(widgets, "default", { value, duplicates: [] }, { manager: "kubectl-client-side-apply" });
    await expect(apply(registry, "kubectl", { size: "2" })).rejects.toThrow(
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using test.example.com/v1: .spec.size',
    );
  });

  it("takes an atomic list without its defaults for another list", async () => {
    const { registry } = await open();
    const kind = registry.table.named("statefulsets.apps");
    const value = {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "web", namespace: "default" },
      spec: {
        serviceName: "nginx",
        selector: { matchLabels: { app: "nginx" } },
        template: { metadata: { labels: { app: "nginx" } }, spec: { containers: [{ name: "nginx", image: "nginx" }] } },
        volumeClaimTemplates: [
          {
            metadata: { name: "www" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
          },
        ],
      },
    };
    const body = { value, duplicates: [] };
    await registry.create(kind, "default", structuredClone(body), { manager: "kubectl-client-side-apply" });
    const again = registry.patch(kind, "default", "web", { type: "apply", body }, { manager: "kubectl" });
    await expect(again).rejects.toThrow(
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.volumeClaimTemplates',
    );
  });

  it("shares a field on which both agree", async () => {
    const { registry } = await open();
    await apply(registry, "one", { size: "1" });
    const object = await apply(registry, "two", { size: "1000m" });
    expect(owners(object)).toEqual({
      "Apply one": { "f:spec": { "f:size": {} } },
      "Apply two": { "f:spec": { "f:size": {} } },
    });
  });

  it("takes away what its manager no longer says, but nothing of others", async () => {
    const { registry } = await open();
    await apply(registry, "one", {
      size: "1",
      parts: [
        { name: "p", image: "i" },
        { name: "q", image: "j" },
      ],
      selector: { a: "1" },
    });
    await apply(registry, "two", { parts: [{ name: "q", args: ["x"] }] });
    const object = await apply(registry, "one", { parts: [{ name: "p" }] });
    expect(object["spec"]).toEqual({ replicas: 1, parts: [{ name: "p" }, { name: "q", args: ["x"] }] });
  });

  it("changes nothing when it is applied again", async () => {
    const { registry, clock } = await open();
    const first = await apply(registry, "one", { size: "1" });
    await clock.advance(60_000);
    const second = await apply(registry, "one", { size: "1" });
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(second.metadata.managedFields).toEqual(first.metadata.managedFields);
  });

  it("answers 500 without a reason for an unknown field", async () => {
    const { registry } = await open();
    const error = await apply(registry, "one", { nope: 1 }).catch((cause: unknown) => cause as StatusError);
    expect(error instanceof StatusError && [error.code, error.reason, error.message]).toEqual([
      500,
      undefined,
      "failed to create typed patch object (default/a; test.example.com/v1, Kind=Widget): .spec.nope: field not declared in schema",
    ]);
  });
});
