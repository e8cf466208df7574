/** A `meta.k8s.io/v1` Table as the server sends it. */
export interface TableBody {
  readonly columnDefinitions?: readonly { readonly name: string; readonly priority: number }[] | null;
  readonly rows?:
    | readonly {
        readonly cells: readonly unknown[];
        readonly object?: { readonly metadata?: { readonly namespace?: string } };
      }[]
    | null;
}

export interface TableOptions {
  readonly wide: boolean;
  readonly namespaces: boolean;
  /** Put before each name, `statefulset.apps/`. */
  readonly prefix: string;
}

/** Header and rows as text, columns of the wide view only when asked. */
export function rowsOf(table: TableBody, options: TableOptions): string[][] {
  const columns = table.columnDefinitions ?? [];
  const shown = columns.flatMap((column, index) => (options.wide || column.priority === 0 ? [index] : []));
  const header = shown.map((index) => (columns[index]?.name ?? "").toUpperCase());
  const rows = (table.rows ?? []).map((row) => {
    const cells = shown.map((index, place) => (place === 0 ? options.prefix : "") + cellText(row.cells[index]));
    return options.namespaces ? [row.object?.metadata?.namespace ?? "", ...cells] : cells;
  });
  return [options.namespaces ? ["NAMESPACE", ...header] : header, ...rows];
}

function cellText(cell: unknown): string {
  return cell === null || cell === undefined ? "<none>" : String(cell);
}

export function widths(rows: readonly (readonly string[])[]): number[] {
  const result: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) result[index] = Math.max(result[index] ?? 0, cell.length);
  return result;
}

export function mergeWidths(left: readonly number[], right: readonly number[]): number[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) =>
    Math.max(left[index] ?? 0, right[index] ?? 0),
  );
}

export function writeRows(rows: readonly (readonly string[])[], columnWidths: readonly number[]): void {
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, index) => cell.padEnd(columnWidths[index] ?? 0))
        .join("   ")
        .trimEnd()}\n`,
    );
}
