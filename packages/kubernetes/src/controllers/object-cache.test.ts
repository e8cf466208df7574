import { expect, test } from "vitest";

import type { KubeObject } from "../api/object.ts";
import { ObjectCache } from "./object-cache.ts";

function object(name: string, version: number, uid = name, owner?: string): KubeObject {
  const ownerReferences = owner === undefined ? [] : [{ apiVersion: "v1", kind: "ConfigMap", name: owner, uid: owner }];
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace: "default",
      uid,
      resourceVersion: String(version),
      creationTimestamp: "",
      ownerReferences,
    },
  };
}

test("an own write is known before the watch tells it, and older news does not undo it", () => {
  const cache = new ObjectCache("configmaps");
  cache.apply({ kind: "ADDED", object: object("a", 9) });
  expect(cache.noteWritten(object("a", 10))?.next?.metadata.resourceVersion).toBe("10");
  expect(cache.apply({ kind: "MODIFIED", object: object("a", 9) })).toBeUndefined();
  expect(cache.apply({ kind: "MODIFIED", object: object("a", 10) })).toBeUndefined();
  expect(cache.get("default", "a")?.metadata.resourceVersion).toBe("10");
});

test("the end of an earlier object of the name does not end the present one", () => {
  const cache = new ObjectCache("configmaps");
  cache.noteWritten(object("a", 12, "second"));
  expect(cache.apply({ kind: "DELETED", object: object("a", 11, "first") })).toBeUndefined();
  expect(cache.get("default", "a")?.metadata.uid).toBe("second");
});

test("the answer of a write does not bring back what the watch has told the end of", () => {
  const cache = new ObjectCache("configmaps");
  cache.apply({ kind: "ADDED", object: object("a", 1) });
  cache.apply({ kind: "DELETED", object: object("a", 2) });
  expect(cache.noteWritten(object("a", 2))).toBeUndefined();
  expect(cache.list()).toEqual([]);
});

test("versions compare as numbers, lists sort by namespace and name, dependents follow their owners", () => {
  const cache = new ObjectCache("configmaps");
  cache.apply({ kind: "ADDED", object: object("b", 9, "b", "owner") });
  cache.apply({ kind: "ADDED", object: object("a", 10, "a", "owner") });
  expect(cache.list("default").map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
  expect(cache.dependents("owner").map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
  cache.apply({ kind: "MODIFIED", object: object("b", 11) });
  cache.apply({ kind: "DELETED", object: object("a", 12) });
  expect(cache.dependents("owner")).toEqual([]);
  expect(cache.list("default").map(({ metadata }) => metadata.name)).toEqual(["b"]);
  expect(cache.list("elsewhere")).toEqual([]);
});
