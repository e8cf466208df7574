import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { KubeObject } from "../api/object.ts";
import { MemoryStore } from "../api/testing/memory-store.ts";
import { DiskFailedError, ObjectStore } from "./object-store.ts";
import type { StoreChange } from "./store-change.ts";

function thing(name: string, value = 0, owner?: string): KubeObject {
  const ownerReferences = owner === undefined ? [] : [{ apiVersion: "v1", kind: "Owner", name: "o", uid: owner }];
  const metadata = {
    name,
    namespace: "default",
    resourceVersion: "",
    uid: `uid-${name}`,
    creationTimestamp: "",
    ownerReferences,
  };
  return { apiVersion: "v1", kind: "Thing", metadata, value };
}

async function open(
  store = new MemoryStore(),
  historyMax = 100,
): Promise<{ store: MemoryStore; objects: ObjectStore }> {
  return { store, objects: await ObjectStore.open({ store, historyMax }) };
}

describe("object store", () => {
  it("shows a write to nobody before it is on disk", async () => {
    const { store, objects } = await open();
    const seen: StoreChange[] = [];
    objects.subscribe("things", undefined, (change) => seen.push(change));
    store.hold();
    const written = objects.write("ADDED", "things", thing("a"));
    await Promise.resolve();
    expect(objects.get("things", "default", "a")).toBeUndefined();
    expect(objects.latest("things", "default", "a")).toBeDefined();
    expect(objects.resourceVersion).toBe(0);
    expect(seen).toEqual([]);
    store.release();
    await written;
    expect(objects.get("things", "default", "a")?.metadata.resourceVersion).toBe("1");
    expect(seen.map((change) => change.kind)).toEqual(["ADDED"]);
  });

  it("puts writes that wait together into one batch, in order", async () => {
    const { store, objects } = await open();
    const before = store.durable.length;
    await Promise.all(["a", "b", "c"].map((name) => objects.write("ADDED", "things", thing(name))));
    expect(store.durable.length - before).toBe(1);
    expect(objects.list("things").map((object) => object.metadata.resourceVersion)).toEqual(["1", "2", "3"]);
  });

  it("refuses every write after a failed sync and goes on reading", async () => {
    const { store, objects } = await open();
    await objects.write("ADDED", "things", thing("a"));
    store.fail(new Error("no space left on device"));
    const lost = [objects.write("ADDED", "things", thing("b")), objects.write("ADDED", "things", thing("c"))];
    const results = await Promise.allSettled(lost);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    expect(() => objects.write("ADDED", "things", thing("d"))).toThrow(DiskFailedError);
    expect(() => objects.write("ADDED", "things", thing("d"))).toThrow(/no space left on device.*restarted/);
    expect(objects.list("things").map((object) => object.metadata.name)).toEqual(["a"]);
    expect(objects.latestList("things").map((object) => object.metadata.name)).toEqual(["a"]);
  });

  it("never gives a resourceVersion twice, not even after a deletion was the last change", async () => {
    const { store, objects } = await open();
    await objects.write("ADDED", "things", thing("a"));
    await objects.write("DELETED", "things", thing("a"));
    const again = await open(MemoryStore.recovered(store.durable));
    expect(again.objects.resourceVersion).toBe(2);
    await again.objects.write("ADDED", "things", thing("b"));
    expect(again.objects.get("things", "default", "b")?.metadata.resourceVersion).toBe("3");
  });

  it("refuses a store of another format", async () => {
    const store = new MemoryStore();
    await store.batch([{ kind: "put", key: Buffer.from("m/format"), value: Buffer.from("9") }]);
    await expect(open(store)).rejects.toThrow(/format 9/);
  });

  it("finds dependents by the uid of their owner, and forgets them", async () => {
    const { objects } = await open();
    await objects.write("ADDED", "things", thing("a", 0, "owner"));
    await objects.write("ADDED", "others", thing("b", 0, "owner"));
    expect(objects.dependents("owner").map(({ resource }) => resource)).toEqual(["things", "others"]);
    await objects.write("MODIFIED", "things", thing("a"));
    await objects.write("DELETED", "others", thing("b"));
    expect(objects.dependents("owner")).toEqual([]);
  });

  it("starts a watch from the past as far as its history reaches", async () => {
    const { objects } = await open(new MemoryStore(), 4);
    for (let number = 0; number < 7; number++)
      await objects.write(number === 0 ? "ADDED" : "MODIFIED", "things", thing("a", number));
    const seen: number[] = [];
    expect(objects.subscribe("things", 0, () => undefined)).toBe(false);
    expect(
      objects.subscribe("things", objects.oldestResourceVersion, (change) => seen.push(change.resourceVersion)),
    ).toBe(true);
    expect(seen).toEqual([3, 4, 5, 6, 7]);
  });

  it("keeps a history of so many bytes, however few changes they are", async () => {
    const objects = await ObjectStore.open({ store: new MemoryStore(), historyBytesMax: 10_000 });
    const padding = "x".repeat(1000);
    for (let number = 0; number < 100; number++) {
      await objects.write(number === 0 ? "ADDED" : "MODIFIED", "things", { ...thing("a", number), padding });
    }
    let kept = 0;
    expect(objects.subscribe("things", objects.oldestResourceVersion, () => kept++)).toBe(true);
    expect(kept).toBeGreaterThan(5);
    expect(kept).toBeLessThan(16);
  });

  it("refuses an object larger than etcd takes, and goes on", async () => {
    const { objects } = await open();
    const large = { ...thing("large"), padding: "x".repeat(1.5 * 1024 * 1024) };
    expect(() => objects.write("ADDED", "things", large)).toThrow("etcdserver: request is too large");
    await objects.write("ADDED", "things", thing("a"));
    expect(objects.get("things", "default", "large")).toBeUndefined();
    expect(objects.resourceVersion).toBe(1);
  });

  it("loses no acknowledged object in a crash between any two operations of the disk", async () => {
    const operation = fc.record({ name: fc.constantFrom("a", "b", "c"), remove: fc.boolean(), wait: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async (operations) => {
        const { store, objects } = await open();
        const acknowledged: { at: number; state: Map<string, unknown>; version: number }[] = [];
        let value = 0;
        for (const { name, remove, wait } of operations) {
          const present = objects.latest("things", "default", name);
          if (remove && present === undefined) continue;
          const kind = remove ? "DELETED" : present === undefined ? "ADDED" : "MODIFIED";
          const done = objects.write(kind, "things", thing(name, value++)).then(() => {
            const state = new Map(objects.list("things").map((object) => [object.metadata.name, object["value"]]));
            acknowledged.push({ at: store.durable.length, state, version: objects.resourceVersion });
          });
          if (wait) await done;
        }
        await objects.settled();
        for (let crash = 1; crash <= store.durable.length; crash++) {
          const last = acknowledged.findLast((entry) => entry.at <= crash);
          if (
            last === undefined ||
            acknowledged.some((entry) => entry.at === crash && entry !== last && entry.version > last.version)
          )
            continue;
          const recovered = (await open(MemoryStore.recovered(store.durable.slice(0, crash)))).objects;
          expect(recovered.resourceVersion).toBeGreaterThanOrEqual(last.version);
          if (recovered.resourceVersion !== last.version) continue;
          const found = new Map(recovered.list("things").map((object) => [object.metadata.name, object["value"]]));
          expect(found).toEqual(last.state);
        }
      }),
      { numRuns: 60 },
    );
  });
});
