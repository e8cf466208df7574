import { describe, expect, it } from "vitest";

import { mergePatch } from "./apply-objects.ts";

describe("mergePatch", () => {
  it("is undefined when live has all that is wanted", () => {
    expect(mergePatch({}, { spec: { replicas: 2 } }, { spec: { replicas: 2, extra: "default" } })).toBeUndefined();
  });
  it("changes what differs and keeps what the manifest does not name", () => {
    expect(mergePatch({}, { spec: { replicas: 3 } }, { spec: { replicas: 2, extra: 1 } })).toEqual({
      spec: { replicas: 3 },
    });
  });
  it("removes what only the last applied manifest had", () => {
    expect(mergePatch({ spec: { a: 1, b: 2 } }, { spec: { a: 1 } }, { spec: { a: 1, b: 2, c: 3 } })).toEqual({
      spec: { b: null },
    });
  });
  it("does not remove what is gone already", () => {
    expect(mergePatch({ spec: { b: 2 } }, { spec: {} }, { spec: {} })).toBeUndefined();
  });
  it("replaces lists whole", () => {
    expect(mergePatch({}, { list: [1] }, { list: [1, 2] })).toEqual({ list: [1] });
  });
});
