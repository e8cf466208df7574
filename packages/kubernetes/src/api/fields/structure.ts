// How server-side apply sees a value: which parts have owners of their own, and by what element of a path. After
// sigs.k8s.io/structured-merge-diff.
import { isRecord } from "../../kinds/json-record.ts";
import type { ListMerge, Schema } from "../../kinds/kind.ts";
import { FieldSet, type PathElement } from "./field-set.ts";

export interface Part {
  readonly element: PathElement;
  readonly schema: Schema;
  readonly value: unknown;
}

/** Undefined for what has one owner as a whole: plain values, atomic lists, maps and objects. */
function partsOf(value: unknown, schema: Schema): Part[] | undefined {
  switch (schema.type) {
    case "object": {
      if (schema.atomic === true || !isRecord(value)) return undefined;
      const parts: Part[] = [];
      for (const [name, item] of Object.entries(value)) {
        const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
        if (field !== undefined) parts.push({ element: `f:${name}`, schema: field, value: item });
      }
      return parts;
    }
    case "map":
      if (schema.atomic === true || !isRecord(value)) return undefined;
      return Object.entries(value).map(([name, item]) => ({
        element: `f:${name}`,
        schema: schema.values,
        value: item,
      }));
    case "array": {
      const merge = applyMerge(schema);
      if (merge === undefined || !Array.isArray(value)) return undefined;
      return value.map((item: unknown) => ({ element: itemElement(item, merge), schema: schema.items, value: item }));
    }
    default:
      return undefined;
  }
}

/** Whether a value of this schema can be a container; a null one counts as an empty container. */
function isGranular(schema: Schema): boolean {
  switch (schema.type) {
    case "object":
    case "map":
      return schema.atomic !== true;
    case "array":
      return applyMerge(schema) !== undefined;
    default:
      return false;
  }
}

function applyMerge(schema: Schema & { readonly type: "array" }): ListMerge | undefined {
  return schema.merge?.only === "strategic" ? undefined : schema.merge;
}

/** Keys of lists that the original's schema gives a default. */
const KEY_DEFAULTS: ReadonlyMap<string, unknown> = new Map([["protocol", "TCP"]]);

function itemElement(item: unknown, merge: ListMerge): PathElement {
  if (merge.kind === "set" || !isRecord(item)) return `v:${JSON.stringify(item)}`;
  const keys = [...merge.keys].sort().map((key) => [key, item[key] ?? KEY_DEFAULTS.get(key)] as const);
  return `k:${JSON.stringify(Object.fromEntries(keys.filter(([, value]) => value !== undefined)))}`;
}

/** Every path that a configuration speaks of: what an applier owns. */
export function ownedBy(value: unknown, schema: Schema): FieldSet {
  const set = new FieldSet();
  collect(value, schema, set, false);
  return set;
}

/** Every path that comes with a new value, containers included. */
function addedBy(value: unknown, schema: Schema, set: FieldSet): void {
  collect(value, schema, set, true);
  set.member = true;
}

function collect(value: unknown, schema: Schema, set: FieldSet, containers: boolean): void {
  const parts = partsOf(value, schema);
  if (parts === undefined || parts.length === 0) {
    set.member = true;
    return;
  }
  if (containers) set.member = true;
  for (const part of parts) {
    const child = set.child(part.element);
    collect(part.value, part.schema, child, containers);
    if (schema.type === "array") child.member = true;
  }
}

export interface Comparison {
  /** What is new or different in `after`. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

export function compare(before: unknown, after: unknown, schema: Schema): Comparison {
  const changed = new FieldSet();
  const removed = new FieldSet();
  compareInto(before, after, schema, changed, removed);
  return { changed: pruned(changed), removed: pruned(removed) };
}

function compareInto(before: unknown, after: unknown, schema: Schema, changed: FieldSet, removed: FieldSet): void {
  const earlier = before === null && isGranular(schema) ? [] : partsOf(before, schema);
  const later = after === null && isGranular(schema) ? [] : partsOf(after, schema);
  if (earlier === undefined || later === undefined) {
    if (JSON.stringify(before) !== JSON.stringify(after)) changed.member = true;
    return;
  }
  const left = new Map(earlier.map((part) => [part.element, part]));
  const right = new Map(later.map((part) => [part.element, part]));
  for (const [element, part] of right) {
    const old = left.get(element);
    if (old === undefined) addedBy(part.value, part.schema, changed.child(element));
    else compareInto(old.value, part.value, part.schema, changed.child(element), removed.child(element));
  }
  for (const [element, part] of left) {
    if (!right.has(element)) addedBy(part.value, part.schema, removed.child(element));
  }
}

function pruned(set: FieldSet): FieldSet {
  const result = new FieldSet();
  result.member = set.member;
  for (const [element, child] of set.children) {
    const rest = pruned(child);
    if (!rest.empty) result.children.set(element, rest);
  }
  return result;
}

/** `config` laid over `live`: plain values replaced, containers merged. Neither argument is changed. */
export function mergeConfig(live: unknown, config: unknown, schema: Schema): unknown {
  const present = live === undefined ? undefined : partsOf(live, schema);
  const given = partsOf(config, schema);
  if (present === undefined || given === undefined) return structuredClone(config);
  const byElement = new Map(present.map((part) => [part.element, part.value]));
  if (schema.type === "array") return mergeItems(present, given);
  const result: Record<string, unknown> = isRecord(live) ? { ...live } : {};
  for (const { element, schema: field, value } of given) {
    Object.defineProperty(result, element.slice(2), {
      value: mergeConfig(byElement.get(element), value, field),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return result;
}

/** Items come in the configuration's order; others keep their place before the item that followed them. */
function mergeItems(present: readonly Part[], given: readonly Part[]): unknown[] {
  const result: unknown[] = [];
  const wanted = new Set(given.map((part) => part.element));
  let at = 0;
  // A list may be long: the first place of every element is looked up once.
  const places = new Map<PathElement, number>();
  for (const [place, part] of present.entries()) if (!places.has(part.element)) places.set(part.element, place);
  const skipTo = (target: number): void => {
    for (; at <= target; at++) {
      const part = present[at];
      if (part !== undefined && !wanted.has(part.element)) result.push(part.value);
    }
  };
  for (const part of given) {
    const place = places.get(part.element) ?? -1;
    skipTo(place);
    result.push(mergeConfig(present[place]?.value, part.value, part.schema));
  }
  for (; at < present.length; at++) {
    const part = present[at];
    if (part !== undefined && !wanted.has(part.element)) result.push(part.value);
  }
  return result;
}

/** Takes the members of `gone` out of a value, but not what `kept` holds at or below them. */
export function removeFields(value: unknown, schema: Schema, gone: FieldSet, kept: FieldSet): unknown {
  const parts = partsOf(value, schema);
  if (parts === undefined || gone.children.size === 0) return value;
  const remains = parts.flatMap((part) => {
    const below = gone.children.get(part.element);
    if (below === undefined) return [part];
    const others = kept.children.get(part.element) ?? new FieldSet();
    if (below.member && others.empty) return [];
    const rest = removeFields(part.value, part.schema, below, others);
    // A container of which the applier took everything away goes with it, unless it was there for others.
    if (!below.member && others.empty && isHollow(rest) && !isHollow(part.value)) return [];
    return [{ ...part, value: rest }];
  });
  if (schema.type === "array") return remains.map((part) => part.value);
  return Object.fromEntries(remains.map((part) => [part.element.slice(2), part.value]));
}

function isHollow(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}
