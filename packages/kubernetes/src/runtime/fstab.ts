/** Lines for `mount -a -T FILE`: one process makes all of a container's mounts. */
export interface FstabEntry {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: string;
}

export function formatFstab(entries: readonly FstabEntry[]): string {
  return entries
    .map(({ source, target, type, options }) =>
      [escapeField(source), escapeField(target), type, options, "0", "0"].join(" ").concat("\n"),
    )
    .join("");
}

/** fstab(5): blanks and backslashes as octal. `#` would begin a comment only at a line's start, where paths have `/`. */
function escapeField(field: string): string {
  return field.replace(/[\\ \t\n]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
