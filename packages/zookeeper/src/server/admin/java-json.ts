import { javaDouble } from "../java-text.ts";

/** A number that Java holds as a double: printed with a fraction even where it is whole. */
export class JavaDouble {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | JavaDouble
  | readonly JsonValue[]
  | ReadonlyMap<string, JsonValue>
  | { readonly [key: string]: JsonValue };

/** JSON as Jackson's indenting printer writes it, byte by byte. */
export function javaJson(value: JsonValue, depth = 0): string {
  if (value === null) return "null";
  if (value instanceof JavaDouble) return javaDouble(value.value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    return items.length === 0 ? "[ ]" : `[ ${items.map((item) => javaJson(item, depth)).join(", ")} ]`;
  }
  const entries: ReadonlyArray<readonly [string, JsonValue]> =
    value instanceof Map ? [...(value as ReadonlyMap<string, JsonValue>)] : Object.entries(value);
  if (entries.length === 0) return "{ }";
  const indent = "  ".repeat(depth + 1);
  const lines = entries.map(([key, item]) => `${indent}${JSON.stringify(key)} : ${javaJson(item, depth + 1)}`);
  return `{\n${lines.join(",\n")}\n${"  ".repeat(depth)}}`;
}
