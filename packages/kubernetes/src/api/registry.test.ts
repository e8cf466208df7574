import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createKinds, NODE_PORT_RANGE } from "../kinds/index.ts";
import type { Client } from "./client.ts";
import { createLocalClient } from "./local-client.ts";
import type { KubeObject } from "./object.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { StatusError } from "./status-error.ts";
import { MemoryStore } from "./testing/memory-store.ts";
import { notes, widgets } from "./testing/test-kinds.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

const WIDGETS = "widgets.test.example.com";
const kinds = [...createKinds({ clusterIPRange: "127.9.240.0/20", nodePortRange: NODE_PORT_RANGE }), widgets, notes];

interface World {
  readonly registry: Registry;
  readonly client: Client;
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
}

async function world(store = new MemoryStore()): Promise<World> {
  const clock = new VirtualClock(Date.parse("2026-01-02T03:04:05Z"));
  const registry = await createRegistry({ kinds, store, clock });
  return { registry, client: createLocalClient(registry, "test"), clock, store };
}

function widget(name: string, spec: object = {}, metadata: object = {}): object {
  return { metadata: { name, namespace: "default", ...metadata }, spec };
}

function note(name: string, metadata: object = {}): object {
  return { metadata: { name, namespace: "default", ...metadata } };
}

function pod(name: string, spec: object = {}): object {
  return { metadata: { name, namespace: "default" }, spec: { containers: [{ name: "c", image: "busybox" }], ...spec } };
}

async function refusal(promise: Promise<unknown>): Promise<StatusError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("creating", () => {
  it("fills in what belongs to the server", async () => {
    const { client } = await world();
    const object = await client.create(
      WIDGETS,
      widget("a", { size: 0.5 }, { uid: "mine", generation: 7, deletionTimestamp: "2020-01-01T00:00:00Z" }),
    );
    expect(object).toMatchObject({
      apiVersion: "test.example.com/v1",
      kind: "Widget",
      spec: { replicas: 1, size: "500m" },
      status: {},
    });
    expect(object.metadata).toMatchObject({ generation: 1, creationTimestamp: "2026-01-02T03:04:05Z" });
    expect(object.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(object.metadata.deletionTimestamp).toBeUndefined();
    expect(Object.keys(object.metadata).slice(0, 5)).toEqual([
      "name",
      "namespace",
      "uid",
      "resourceVersion",
      "generation",
    ]);
  });

  it("makes a name of generateName", async () => {
    const { client } = await world();
    const object = await client.create("notes", { metadata: { generateName: "n-", namespace: "default" } });
    expect(object.metadata.name).toMatch(/^n-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it("refuses what exists, even before it is on disk, but answers only then", async () => {
    const { client, store } = await world();
    store.hold();
    const first = client.create("notes", note("a"));
    let answered = false;
    const second = refusal(client.create("notes", note("a"))).finally(() => (answered = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    store.release();
    await first;
    const error = await second;
    expect([error.code, error.reason, error.message]).toEqual([409, "AlreadyExists", 'notes "a" already exists']);
    expect(error.details).toEqual({ name: "a", kind: "notes" });
  });

  it("refuses an absent namespace and one that is ending", async () => {
    const { client } = await world();
    const absent = await refusal(client.create("notes", note("a", { namespace: "x" })));
    expect([absent.code, absent.message]).toEqual([404, 'namespaces "x" not found']);
    await client.create("namespaces", { metadata: { name: "x" } });
    await client.delete("namespaces", "", "x");
    const ending = await refusal(client.create("notes", note("a", { namespace: "x" })));
    expect(ending.message).toBe(
      'notes "a" is forbidden: unable to create new content in namespace x because it is being terminated',
    );
    expect(ending.details?.causes?.[0]?.reason).toBe("NamespaceTerminating");
  });

  it("refuses problems of fields all together", async () => {
    const { client } = await world();
    const error = await refusal(client.create(WIDGETS, widget("A_b", { replicas: -2 })));
    expect([error.code, error.reason]).toEqual([422, "Invalid"]);
    expect(error.message).toMatch(
      /^Widget\.test\.example\.com "A_b" is invalid: \[metadata\.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain.*, spec\.replicas: Invalid value: -2: must be greater than or equal to 0\]$/,
    );
    expect(error.details?.causes).toHaveLength(2);
  });

  it("refuses unknown fields in the original's words", async () => {
    const { client } = await world();
    const error = await refusal(client.create(WIDGETS, widget("a", { replica: 1, parts: [{ name: "p", nope: 1 }] })));
    expect([error.code, error.message]).toEqual([
      400,
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.replica", unknown field "spec.parts[0].nope"',
    ]);
  });

  it("keeps nothing of a dry run", async () => {
    const { registry } = await world();
    const body = { value: note("a"), duplicates: [] };
    const object = await registry.create(notes, "default", body, { dryRun: true });
    expect(object.metadata.uid).toBeDefined();
    expect(object.metadata.resourceVersion).toBeUndefined();
    expect(registry.peek("notes", "default", "a")).toBeUndefined();
  });
});

describe("updating", () => {
  it("refuses an outdated resourceVersion, uid and name", async () => {
    const { client, registry } = await world();
    const old = structuredClone(await client.create(WIDGETS, widget("a")));
    await client.patch(WIDGETS, "default", "a", { spec: { replicas: 2 } }, { type: "merge" });
    const outdated = await refusal(client.update(WIDGETS, old));
    expect(outdated.message).toBe(
      'Operation cannot be fulfilled on widgets.test.example.com "a": the object has been modified; please apply your changes to the latest version and try again',
    );
    expect(outdated.details).toEqual({ name: "a", group: "test.example.com", kind: "widgets" });
    expect((await refusal(client.update(WIDGETS, widget("a", {}, { uid: "other" })))).message).toMatch(
      /Precondition failed: UID in precondition: other/,
    );
    const renamed = registry.update(widgets, "default", "a", { value: widget("b"), duplicates: [] }, {});
    expect((await refusal(renamed)).message).toBe("the name of the object (b) does not match the name on the URL (a)");
    expect((await refusal(client.update(WIDGETS, widget("nope")))).code).toBe(404);
  });

  it("leaves an object alone when nothing changes", async () => {
    const { client } = await world();
    const old = await client.create(WIDGETS, widget("a", { size: "1" }));
    const same = await client.patch(WIDGETS, "default", "a", { spec: { size: "1000m" } }, { type: "merge" });
    expect(same.metadata.resourceVersion).toBe(old.metadata.resourceVersion);
    expect(same.metadata.managedFields).toEqual(old.metadata.managedFields);
  });

  it("counts generations of the spec alone", async () => {
    const { client } = await world();
    await client.create(WIDGETS, widget("a"));
    const labelled = await client.patch(
      WIDGETS,
      "default",
      "a",
      { metadata: { labels: { a: "b" } } },
      { type: "merge" },
    );
    expect(labelled.metadata.generation).toBe(1);
    const scaled = await client.patch(WIDGETS, "default", "a", { spec: { replicas: 3 } }, { type: "merge" });
    expect(scaled.metadata.generation).toBe(2);
    const status = await client.updateStatus(WIDGETS, { ...structuredClone(scaled), status: { ready: 3 } });
    expect([status.metadata.generation, status["status"]]).toEqual([2, { ready: 3 }]);
  });

  it("keeps status and spec apart", async () => {
    const { client } = await world();
    const object = structuredClone(await client.create(WIDGETS, widget("a")));
    object["status"] = { ready: 9 };
    (object["spec"] as { replicas: number }).replicas = 5;
    object.metadata.labels = { from: "status" };
    const status = await client.updateStatus(WIDGETS, object);
    expect([status["spec"], status["status"], status.metadata.labels]).toEqual([
      { replicas: 1 },
      { ready: 9 },
      undefined,
    ]);
    const again = structuredClone(status);
    again["status"] = { ready: 1 };
    (again["spec"] as { replicas: number }).replicas = 6;
    const main = await client.update(WIDGETS, again);
    expect([main["spec"], main["status"]]).toEqual([{ replicas: 6 }, { ready: 9 }]);
  });

  it("scales through the subresource", async () => {
    const { client } = await world();
    await client.create(WIDGETS, widget("a"));
    const scaled = await client.patch(
      WIDGETS,
      "default",
      "a",
      { spec: { replicas: 0 } },
      { type: "merge", subresource: "scale" },
    );
    expect([scaled["spec"], scaled.metadata.generation]).toEqual([{ replicas: 0 }, 2]);
    const negative = client.patch(
      WIDGETS,
      "default",
      "a",
      { spec: { replicas: -1 } },
      { type: "merge", subresource: "scale" },
    );
    expect((await refusal(negative)).message).toBe(
      'Scale.autoscaling "a" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });

  it("lets two writes that wait for the disk see each other", async () => {
    const { client, store } = await world();
    const object = structuredClone(await client.create(WIDGETS, widget("a")));
    store.hold();
    const first = client.patch(WIDGETS, "default", "a", { spec: { replicas: 2 } }, { type: "merge" });
    const second = refusal(client.update(WIDGETS, object));
    const third = client.patch(WIDGETS, "default", "a", { spec: { size: "2" } }, { type: "merge" });
    store.release();
    await first;
    expect((await second).reason).toBe("Conflict");
    expect((await third)["spec"]).toEqual({ replicas: 2, size: "2" });
  });

  it("answers 500 that names the disk after a failed sync", async () => {
    const { client, store } = await world();
    await client.create("notes", note("a"));
    store.fail(new Error("no space left on device"));
    for (const attempt of [1, 2]) {
      const error = await refusal(client.create("notes", note(`b${attempt}`)));
      expect([error.code, error.reason]).toEqual([500, "InternalError"]);
      expect(error.message).toMatch(/written to disk \(no space left on device\)/);
    }
    expect((await client.get("notes", "default", "a")).metadata.name).toBe("a");
    expect((await client.list("notes")).items).toHaveLength(1);
  });
});

describe("deleting", () => {
  it("removes at once what nothing holds", async () => {
    const { client, registry } = await world();
    await client.create("notes", note("a"));
    await client.delete("notes", "default", "a");
    expect(registry.peek("notes", "default", "a")).toBeUndefined();
    expect((await refusal(client.delete("notes", "default", "a"))).code).toBe(404);
  });

  it("waits for finalizers and goes with the last one", async () => {
    const { client, registry } = await world();
    await client.create("notes", note("a", { finalizers: ["example.com/hold"] }));
    await client.delete("notes", "default", "a");
    const marked = await client.get("notes", "default", "a");
    expect(marked.metadata).toMatchObject({ deletionTimestamp: "2026-01-02T03:04:05Z", deletionGracePeriodSeconds: 0 });
    const added = client.patch(
      "notes",
      "default",
      "a",
      { metadata: { finalizers: ["example.com/hold", "example.com/new"] } },
      { type: "merge" },
    );
    expect((await refusal(added)).message).toMatch(/no new finalizers can be added if the object is being deleted/);
    await client.patch("notes", "default", "a", { metadata: { finalizers: null } }, { type: "merge" });
    expect(registry.peek("notes", "default", "a")).toBeUndefined();
  });

  it.each([
    ["Orphan", "orphan"],
    ["Foreground", "foregroundDeletion"],
  ] as const)("leaves %s to the garbage collector by its finalizer", async (propagationPolicy, finalizer) => {
    const { client } = await world();
    await client.create("notes", note("a"));
    await client.delete("notes", "default", "a", { propagationPolicy });
    expect((await client.get("notes", "default", "a")).metadata.finalizers).toEqual([finalizer]);
    await client.delete("notes", "default", "a", { propagationPolicy: "Background" });
    expect((await refusal(client.get("notes", "default", "a"))).code).toBe(404);
  });

  it("checks preconditions", async () => {
    const { client } = await world();
    await client.create("notes", note("a"));
    const error = await refusal(client.delete("notes", "default", "a", { preconditions: { uid: "other" } }));
    expect([error.code, error.reason]).toEqual([409, "Conflict"]);
    expect(error.message).toMatch(
      /^Operation cannot be fulfilled on notes "a": Precondition failed: UID in precondition: other, UID in object meta: /,
    );
  });

  it("gives a scheduled pod its grace, which can be shortened only", async () => {
    const { client, clock, registry } = await world();
    await client.create("pods", pod("a", { nodeName: "node-0" }));
    await client.delete("pods", "default", "a");
    expect((await client.get("pods", "default", "a")).metadata).toMatchObject({
      deletionGracePeriodSeconds: 30,
      deletionTimestamp: "2026-01-02T03:04:35Z",
    });
    await clock.advance(5000);
    await client.delete("pods", "default", "a", { gracePeriodSeconds: 60 });
    expect((await client.get("pods", "default", "a")).metadata.deletionGracePeriodSeconds).toBe(30);
    await client.delete("pods", "default", "a", { gracePeriodSeconds: 10 });
    expect((await client.get("pods", "default", "a")).metadata).toMatchObject({
      deletionGracePeriodSeconds: 10,
      deletionTimestamp: "2026-01-02T03:04:15Z",
    });
    await client.delete("pods", "default", "a", { gracePeriodSeconds: 0 });
    expect(registry.peek("pods", "default", "a")).toBeUndefined();
  });

  it("keeps a namespace until it is finalized, and the first ones for ever", async () => {
    const { client, registry } = await world();
    await client.create("namespaces", { metadata: { name: "x" } });
    await client.delete("namespaces", "", "x");
    const ending = structuredClone(await client.get("namespaces", "", "x"));
    expect([ending["status"], ending.metadata.deletionTimestamp]).toEqual([
      { phase: "Terminating" },
      "2026-01-02T03:04:05Z",
    ]);
    ending["spec"] = {};
    const kind = registry.table.named("namespaces");
    await registry.update(kind, "", "x", { value: ending, duplicates: [] }, {}, "finalize");
    expect(registry.peek("namespaces", "", "x")).toBeUndefined();
    expect((await refusal(client.delete("namespaces", "", "default"))).message).toBe(
      'namespaces "default" is forbidden: this namespace may not be deleted',
    );
  });

  it("deletes a collection by selector", async () => {
    const { client, registry } = await world();
    for (const [name, app] of [
      ["a", "x"],
      ["b", "y"],
      ["c", "x"],
    ] as const)
      await client.create("notes", note(name, { labels: { app } }));
    const gone = await registry.deleteCollection(notes, { namespace: "default", labelSelector: "app=x" }, {}, {});
    expect(gone.map((object) => object.metadata.name)).toEqual(["a", "c"]);
    expect(registry.peekAll("notes").map((object) => object.metadata.name)).toEqual(["b"]);
  });

  it("forgets events an hour after their last change", async () => {
    const { client, clock, registry } = await world();
    const event = {
      metadata: { name: "e", namespace: "default" },
      involvedObject: { namespace: "default", kind: "Pod", name: "p" },
      reason: "R",
      type: "Normal",
    };
    await client.create("events", event);
    await clock.advance(59 * 60 * 1000);
    expect(registry.peekAll("events")).toHaveLength(1);
    await clock.advance(3 * 60 * 1000);
    expect(registry.peekAll("events")).toHaveLength(0);
    await registry.close();
  });
});

describe("binding", () => {
  it("gives a pod its node, once", async () => {
    const { client } = await world();
    await client.create("pods", pod("a"));
    await client.bind("default", "a", "node-1");
    const bound = await client.get("pods", "default", "a");
    expect(bound["spec"]).toMatchObject({ nodeName: "node-1" });
    expect((bound["status"] as { conditions: object[] }).conditions).toContainEqual(
      expect.objectContaining({ type: "PodScheduled", status: "True" }),
    );
    const error = await refusal(client.bind("default", "a", "node-2"));
    expect(error.message).toBe(
      'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "node-1"',
    );
  });
});

describe("listing", () => {
  it("pages through one moment", async () => {
    const { client, registry } = await world();
    for (const name of ["a", "b", "c", "d", "e"]) await client.create("notes", note(name));
    const first = registry.list(notes, { namespace: "default", limit: 2 });
    expect([first.items.length, first.remainingItemCount]).toEqual([2, 3]);
    await client.delete("notes", "default", "c");
    await client.create("notes", note("aa"));
    const second = registry.list(notes, { namespace: "default", limit: 2, continue: first.continue ?? "" });
    expect(second.items.map((object) => object.metadata.name)).toEqual(["c", "d"]);
    expect(second.resourceVersion).toBe(first.resourceVersion);
    const third = registry.list(notes, { namespace: "default", limit: 2, continue: second.continue ?? "" });
    expect([third.items.map((object) => object.metadata.name), third.continue]).toEqual([["e"], undefined]);
    expect(registry.list(notes, { limit: 2, labelSelector: "!x" }).remainingItemCount).toBeUndefined();
    expect(() => registry.list(notes, { continue: second.continue ?? "" })).toThrow(/continue parameter is too old/);
    expect(() => registry.list(notes, { continue: "x" })).toThrow("continue key is not valid");
  });
});

describe("watching", () => {
  it("shows an object that begins or ceases to match as coming and going", async () => {
    const { client } = await world();
    const seen: string[] = [];
    client.watch("notes", { labelSelector: "app=x" }, (event) => {
      seen.push(event.kind === "SYNCED" ? "SYNCED" : `${event.kind} ${event.object.metadata.resourceVersion}`);
    });
    await Promise.resolve();
    const created = await client.create("notes", note("a"));
    const version = Number(created.metadata.resourceVersion);
    const label = (app: string | null) =>
      client.patch("notes", "default", "a", { metadata: { labels: { app } } }, { type: "merge" });
    await label("x");
    await client.patch("notes", "default", "a", { data: { k: "v" } }, { type: "merge" });
    await label("y");
    await label("x");
    await client.delete("notes", "default", "a");
    expect(seen).toEqual([
      "SYNCED",
      `ADDED ${version + 1}`,
      `MODIFIED ${version + 2}`,
      `DELETED ${version + 3}`,
      `ADDED ${version + 4}`,
      `DELETED ${version + 5}`,
    ]);
  });

  it("refuses bad selectors to the caller", async () => {
    const { client } = await world();
    expect(() => client.watch("notes", { labelSelector: "a in (" }, () => undefined)).toThrow(StatusError);
  });

  it("misses and repeats no event, whenever it starts and however commits interleave", async () => {
    const step = fc.record({
      name: fc.constantFrom("a", "b", "c"),
      action: fc.constantFrom("put", "delete", "watch", "pause"),
      label: fc.constantFrom("x", "y"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, filtered) => {
        const { client, registry } = await world();
        const selection = filtered ? { labelSelector: "app=x" } : {};
        const views: Map<string, string>[] = [];
        const problems: string[] = [];
        const watch = (): void => {
          const view = new Map<string, string>();
          views.push(view);
          let last = 0;
          let synced = false;
          client.watch("notes", selection, (event) => {
            if (event.kind === "SYNCED") {
              if (synced) problems.push("synced twice");
              synced = true;
              return;
            }
            const { name, resourceVersion } = event.object.metadata;
            if (synced && Number(resourceVersion) <= last) problems.push(`${resourceVersion} after ${last}`);
            last = Math.max(last, Number(resourceVersion));
            if ((event.kind === "ADDED") === view.has(name)) problems.push(`${event.kind} of ${name}`);
            if (event.kind === "DELETED") view.delete(name);
            else view.set(name, resourceVersion);
          });
        };
        const writes: Promise<unknown>[] = [];
        for (const { name, action, label } of steps) {
          if (action === "watch") watch();
          else if (action === "pause") await writes.at(-1);
          else if (action === "delete") writes.push(client.delete("notes", "default", name).catch(() => undefined));
          else {
            const labelled = note(name, { labels: { app: label } });
            writes.push(
              client
                .create("notes", labelled)
                .catch(() =>
                  client.patch("notes", "default", name, labelled, { type: "merge" }).catch(() => undefined),
                ),
            );
          }
        }
        await Promise.all(writes);
        await Promise.resolve();
        const truth = (object: KubeObject): [string, string] => [object.metadata.name, object.metadata.resourceVersion];
        const present = new Map((await client.list("notes", selection)).items.map(truth));
        for (const view of views) expect(view).toEqual(present);
        expect(problems).toEqual([]);
        await registry.close();
      }),
      { numRuns: 80 },
    );
  });
});
