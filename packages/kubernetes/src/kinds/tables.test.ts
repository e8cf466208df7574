import { describe, expect, test } from "vitest";

import type { KubeObject } from "../api/object.ts";
import type { Kind } from "./kind.ts";
import { captured, capturedObjects, capturedTables, kindOf, kinds } from "./testdata/read.ts";

/** When the tables were asked for. */
const NOW = new Map([
  ["secrets", "2026-11-23T20:26:38.5Z"],
  ["poddisruptionbudgets", "2026-11-23T20:27:44.5Z"],
]);
/** Objects that were captured in another state than their row. */
const CHANGED = new Map<string, (object: KubeObject) => void>([
  ["node-3", (object) => delete (object["spec"] as { unschedulable?: boolean }).unschedulable],
  [
    "zk-pdb",
    (object) => {
      object.metadata.creationTimestamp = "2026-11-23T20:27:18Z";
      (object["status"] as { disruptionsAllowed: number }).disruptionsAllowed = 0;
    },
  ],
]);
const tables = capturedTables();
const objects = capturedObjects();

function kindOfResource(resource: string): Kind {
  const found = kinds.find((kind) => kind.resource === resource);
  if (found === undefined) throw new Error(`no resource ${resource}`);
  return found;
}

describe("the columns of", () => {
  test.each(Object.keys(tables))("%s are the original's", (resource) => {
    const columns = kindOfResource(resource).columns.map(({ name, type, format = "", priority }) => ({
      name,
      type,
      format,
      priority,
    }));
    expect(columns).toEqual(tables[resource]?.columns);
  });
});

describe("the rows of", () => {
  const rows = Object.entries(tables).flatMap(([resource, table]) =>
    table.rows.map((row) => [resource, row.name, row.cells] as const),
  );
  const known = rows.filter(([resource, name]) => find(resource, name) !== undefined);

  function find(resource: string, name: string) {
    const { kind } = kindOfResource(resource);
    // Other tables show objects that were not captured whole.
    return objects.find((object) => object.kind === kind && object.metadata.name === name);
  }

  test.each(known)("%s %s are the original's", (resource, name, cells) => {
    const object = find(resource, name);
    const now = Date.parse(NOW.get(resource) ?? "2026-11-23T20:24:40.5Z");
    const present = structuredClone(object);
    if (present !== undefined) CHANGED.get(name)?.(present);
    expect(present && kindOfResource(resource).row(present, now)).toEqual(cells);
  });

  test.each([
    ["Node", "node-3", ["node-3", "Ready,SchedulingDisabled"]],
    ["Service", "wordpress", ["wordpress", "LoadBalancer", "10.96.189.164", "<pending>", "80:31059/TCP"]],
    ["PodDisruptionBudget", "zk-pdb", ["zk-pdb", "N/A", "1", 1]],
    ["StatefulSet", "zk", ["zk", "3/3"]],
  ])("a %s in another state, %s, begin as kubectl printed them", (kind, name, cells) => {
    const object = captured(kind, name);
    expect(kindOf(object).row(object, 0).slice(0, cells.length)).toEqual(cells);
  });

  test("every table has a row that is compared", () => {
    const compared = new Set(known.map(([resource]) => resource));
    expect(Object.keys(tables).filter((resource) => !compared.has(resource))).toEqual([]);
  });

  test("every kind gives as many cells as it has columns", () => {
    for (const object of objects) {
      const kind = kinds.find((candidate) => candidate.kind === object.kind);
      expect(kind?.row(object, 0), object.kind).toHaveLength(kind?.columns.length ?? 0);
    }
  });
});
