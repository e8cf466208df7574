/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly unit: "ops/s" | "ms" | "MB";
  readonly ours: number;
  readonly original: number;
  /** How many times better ours is: more requests, less time, less memory. Above 1 is better. */
  readonly ratio: number;
}

export type Unit = Row["unit"];

/** What was measured, round by round, for both. */
export interface Measured {
  readonly name: string;
  readonly unit: Unit;
  readonly ours: readonly number[];
  readonly original: readonly number[];
}

/** The medians of all rounds. */
export function rowOf({ name, unit, ours, original }: Measured): Row {
  const our = median(ours);
  const theirs = median(original);
  return { name, unit, ours: our, original: theirs, ratio: unit === "ops/s" ? our / theirs : theirs / our };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The rows as a table for people. */
export function table(rows: readonly Row[]): string {
  const lines = [["", "unit", "ours", "original", "ratio"]];
  for (const { name, unit, ours, original, ratio } of rows) {
    lines.push([name, unit, text(ours), text(original), `${ratio.toFixed(2)}×`]);
  }
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function text(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
