import type { WatchCheck } from "./tutorial.ts";

/** Collapses a table's line to its cells, one space apart: column widths say nothing. */
export function cells(line: string): string {
  return line.trim().split(/\s+/).join(" ");
}

/** Whether the rows a watch has printed so far hold what is expected; a sentence when they do not (yet). */
export function judge(check: WatchCheck, rows: readonly string[]): string | undefined {
  return (
    ordered(check.order ?? [], rows) ??
    every(check.all ?? [], rows) ??
    never(check.never ?? [], rows) ??
    after(check, rows) ??
    together(check, rows)
  );
}

function ordered(patterns: readonly string[], rows: readonly string[]): string | undefined {
  let at = 0;
  for (const pattern of patterns) {
    const found = rows.findIndex((row, index) => index >= at && matches(pattern, row));
    if (found < 0) return `no row "${pattern}" after row ${at}`;
    at = found + 1;
  }
  return undefined;
}

function every(patterns: readonly string[], rows: readonly string[]): string | undefined {
  const missing = patterns.find((pattern) => !rows.some((row) => matches(pattern, row)));
  return missing === undefined ? undefined : `no row "${missing}"`;
}

function never(patterns: readonly string[], rows: readonly string[]): string | undefined {
  const shown = rows.find((row) => patterns.some((pattern) => matches(pattern, row)));
  return shown === undefined ? undefined : `a row that must not be: ${shown}`;
}

function after(check: WatchCheck, rows: readonly string[]): string | undefined {
  if (check.after === undefined) return undefined;
  const { row, first } = check.after;
  const firstAt = rows.findIndex((one) => matches(first, one));
  const rowAt = rows.findIndex((one) => matches(row, one));
  if (firstAt < 0) return `no row "${first}"`;
  return rowAt >= 0 && rowAt < firstAt ? `"${rows[rowAt]}" came before any "${first}"` : undefined;
}

function together(check: WatchCheck, rows: readonly string[]): string | undefined {
  if (check.together === undefined) return undefined;
  const { rows: patterns, before } = check.together;
  const beforeAt = rows.findIndex((one) => matches(before, one));
  if (beforeAt < 0) return `no row "${before}"`;
  const late = patterns.find((pattern) => !rows.slice(0, beforeAt).some((row) => matches(pattern, row)));
  return late === undefined ? undefined : `no row "${late}" before "${rows[beforeAt]}"`;
}

function matches(pattern: string, row: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(row);
}
