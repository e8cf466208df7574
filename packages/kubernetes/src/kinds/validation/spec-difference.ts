import { goQuote } from "../field-error.ts";
import { isRecord } from "../json-record.ts";
import { semanticallyEqual } from "./immutable.ts";

/**
 * What differs between two states of an object, after the manner in which the original's diff prints Go values: `-` lines
 * were, `+` lines would be, equal neighbours are counted. Field names are the API's own, not those of Go.
 */
export function specDifference(goType: string, before: object, after: object): string {
  return [`  ${goType}{`, ...fieldLines({ ...before }, { ...after }, 1), "  }", ""].join("\n");
}

function fieldLines(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  depth: number,
): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const lines: string[] = [];
  const indent = "\t".repeat(depth);
  let equal = 0;
  const flush = (): void => {
    if (equal > 0) lines.push(`  ${indent}... // ${equal} identical field${equal === 1 ? "" : "s"}`);
    equal = 0;
  };
  for (const name of names) {
    const left = before[name];
    const right = after[name];
    if (semanticallyEqual(left, right)) {
      equal++;
      continue;
    }
    flush();
    if (isRecord(left) && isRecord(right)) {
      lines.push(`  ${indent}${name}: {`, ...fieldLines(left, right, depth + 1), `  ${indent}},`);
    } else if (Array.isArray(left) && Array.isArray(right)) {
      lines.push(`  ${indent}${name}: {`, ...fieldLines({ ...left }, { ...right }, depth + 1), `  ${indent}},`);
    } else {
      if (left !== undefined) lines.push(`- ${indent}${name}: ${text(left)},`);
      if (right !== undefined) lines.push(`+ ${indent}${name}: ${text(right)},`);
    }
  }
  flush();
  return lines;
}

function text(value: unknown): string {
  return typeof value === "string" ? goQuote(value) : JSON.stringify(value);
}
