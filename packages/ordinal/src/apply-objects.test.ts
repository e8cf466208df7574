import { describe, expect, it } from "vitest";

import { applyPatch } from "./apply-objects.ts";

describe("applyPatch", () => {
  it("is undefined when live has all that is wanted", () => {
    expect(applyPatch({}, { spec: { replicas: 2 } }, { spec: { replicas: 2, extra: "default" } })).toBeUndefined();
  });
  it("changes what differs and keeps what the manifest does not name", () => {
    expect(applyPatch({}, { spec: { replicas: 3 } }, { spec: { replicas: 2, extra: 1 } })).toEqual({
      spec: { replicas: 3 },
    });
  });
  it("removes what only the last applied manifest had", () => {
    expect(applyPatch({ spec: { a: 1, b: 2 } }, { spec: { a: 1 } }, { spec: { a: 1, b: 2, c: 3 } })).toEqual({
      spec: { b: null },
    });
  });
  it("does not remove what is gone already", () => {
    expect(applyPatch({ spec: { b: 2 } }, { spec: {} }, { spec: {} })).toBeUndefined();
  });
  it("replaces lists without a merge key whole", () => {
    expect(applyPatch({}, { args: [1] }, { args: [1, 2] })).toEqual({ args: [1] });
  });
  it("leaves alone what the server added to the items of a merged list", () => {
    const wanted = { containers: [{ name: "a", image: "x" }] };
    const live = {
      containers: [{ name: "a", image: "x", volumeMounts: [{ mountPath: "/added" }] }, { name: "injected" }],
    };
    expect(applyPatch(wanted, wanted, live)).toBeUndefined();
  });
  it("changes, adds and removes items of a merged list by their key", () => {
    const previous = { containers: [{ name: "a", image: "x", tty: true }, { name: "old" }] };
    const wanted = {
      containers: [
        { name: "a", image: "y" },
        { name: "new", image: "z" },
      ],
    };
    const live = { containers: [{ name: "a", image: "x", tty: true, extra: 1 }, { name: "old" }] };
    expect(applyPatch(previous, wanted, live)).toEqual({
      containers: [
        { name: "a", image: "y", tty: null },
        { name: "new", image: "z" },
        { name: "old", $patch: "delete" },
      ],
    });
  });
  it("knows the keys of ports in containers and in services", () => {
    const wanted = { ports: [{ port: 80, name: "web" }] };
    expect(applyPatch({}, wanted, { ports: [{ port: 80, name: "web", protocol: "TCP" }] })).toBeUndefined();
    expect(applyPatch({}, { ports: [{ containerPort: 1 }] }, { ports: [] })).toEqual({ ports: [{ containerPort: 1 }] });
  });
});
