import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../api/object.ts";
import { createKinds, NODE_PORT_RANGE } from "../index.ts";
import type { Column, Kind, StrategyContext } from "../kind.ts";

/** What the tests of this folder share: the captured objects and tables, and the kinds with the ranges of a lab. */
export const ranges = { clusterIPRange: "127.10.240.0/20", nodePortRange: NODE_PORT_RANGE };
export const kinds = createKinds(ranges);

export function kindOf(object: { readonly kind: string }): Kind {
  const found = kinds.find(({ kind }) => kind === object.kind);
  if (found === undefined) throw new Error(`no kind ${object.kind}`);
  return found;
}

export function readText(file: string): string {
  return readFileSync(new URL(file, import.meta.url), "utf8");
}

export function readYaml(file: string): KubeObject[] {
  return parseAllDocuments(readText(file)).map((document) => document.toJS() as KubeObject);
}

export function capturedObjects(): KubeObject[] {
  return readYaml("captured-objects.yaml");
}

export function captured(kind: string, name: string): KubeObject {
  const found = capturedObjects().find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no captured ${kind} ${name}`);
  return found;
}

export interface CapturedTable {
  readonly columns: readonly (Required<Pick<Column, "name" | "type" | "priority">> & { readonly format: string })[];
  readonly rows: readonly { readonly name: string; readonly cells: readonly unknown[] }[];
}

export function capturedTables(): Record<string, CapturedTable> {
  return JSON.parse(readText("captured-tables.json")) as Record<string, CapturedTable>;
}

/** A server that holds `objects`, at `now`. */
export function context(objects: readonly KubeObject[] = [], now = Date.parse("2026-11-23T20:24:26Z")): StrategyContext {
  const resourceOf = (object: KubeObject): string => {
    const { group, resource } = kindOf(object);
    return group === "" ? resource : `${resource}.${group}`;
  };
  return {
    now,
    lookup: (resource, namespace, name) =>
      objects.find(({ metadata, ...rest }) => {
        const object = { metadata, ...rest } as KubeObject;
        return resourceOf(object) === resource && (metadata.namespace ?? "") === namespace && metadata.name === name;
      }),
    list: (resource) => objects.filter((object) => resourceOf(object) === resource),
  };
}
