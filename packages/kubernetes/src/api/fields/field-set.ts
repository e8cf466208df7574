import { isRecord } from "../../kinds/json-record.ts";
// Sets of field paths in the FieldsV1 form of managedFields: `f:name` is a field, `k:{…}` a list item by its keys,
// `v:…` an item of a set; `.` says that a path with others below it is a member itself.

/** A path is a sequence of such elements; the empty one is the object itself. */
export type PathElement = string;

export class FieldSet {
  member = false;
  readonly children = new Map<PathElement, FieldSet>();

  static parse(fields: unknown): FieldSet {
    const set = new FieldSet();
    if (!isRecord(fields)) return set;
    const keys = Object.keys(fields);
    for (const key of keys) {
      if (key === ".") set.member = true;
      else {
        const child = FieldSet.parse(fields[key]);
        if (child.children.size === 0) child.member = true;
        set.children.set(key, child);
      }
    }
    return set;
  }

  get empty(): boolean {
    return !this.member && this.children.size === 0;
  }

  /** The child, made when it is missing. */
  child(element: PathElement): FieldSet {
    let child = this.children.get(element);
    if (child === undefined) this.children.set(element, (child = new FieldSet()));
    return child;
  }

  union(other: FieldSet): FieldSet {
    const result = new FieldSet();
    result.member = this.member || other.member;
    for (const [element, child] of this.children) {
      result.children.set(element, child.union(other.children.get(element) ?? new FieldSet()));
    }
    for (const [element, child] of other.children) {
      if (!result.children.has(element)) result.children.set(element, child);
    }
    return result;
  }

  difference(other: FieldSet): FieldSet {
    const result = new FieldSet();
    result.member = this.member && !other.member;
    for (const [element, child] of this.children) {
      const others = other.children.get(element);
      const rest = others === undefined ? child : child.difference(others);
      if (!rest.empty) result.children.set(element, rest);
    }
    return result;
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet();
    result.member = this.member && other.member;
    for (const [element, child] of this.children) {
      const others = other.children.get(element);
      if (others === undefined) continue;
      const both = child.intersection(others);
      if (!both.empty) result.children.set(element, both);
    }
    return result;
  }

  /** The part below one element. */
  only(element: PathElement): FieldSet {
    const result = new FieldSet();
    const child = this.children.get(element);
    if (child !== undefined) result.children.set(element, child);
    return result;
  }

  without(element: PathElement): FieldSet {
    const result = new FieldSet();
    result.member = this.member;
    for (const [name, child] of this.children) if (name !== element) result.children.set(name, child);
    return result;
  }

  /** The paths of all members, in order. */
  *paths(prefix: readonly PathElement[] = []): Generator<readonly PathElement[]> {
    if (this.member && prefix.length > 0) yield prefix;
    for (const element of [...this.children.keys()].sort()) {
      yield* this.children.get(element)?.paths([...prefix, element]) ?? [];
    }
  }

  toJSON(): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    if (this.member && this.children.size > 0) result["."] = {};
    for (const element of [...this.children.keys()].sort())
      result[element] = this.children.get(element)?.toJSON() ?? {};
    return result;
  }
}

/** As errors show a path: `.spec.template.spec.containers[name="nginx"].image`. */
export function pathText(path: readonly PathElement[]): string {
  return path.map(elementText).join("");
}

function elementText(element: PathElement): string {
  const rest = element.slice(2);
  switch (element.slice(0, 2)) {
    case "f:":
      return `.${rest}`;
    case "k:": {
      const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
    }
    case "v:":
      return `[=${rest}]`;
    default:
      return `[${rest}]`;
  }
}
