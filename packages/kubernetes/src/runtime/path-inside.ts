import { lstatSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/**
 * The place that `path` means in `folder`, which something untrusted writes: links are followed as far as there is
 * something, and what is missing comes after them, so that making it follows none. Undefined when a link leads out of the
 * folder or nowhere. `path` is absolute, normal, and `folder` or below it.
 */
export function pathInside(folder: string, path: string): string | undefined {
  let present = path;
  let root: string;
  let real: string;
  try {
    while (present !== folder && lstatSync(present, { throwIfNoEntry: false }) === undefined)
      present = dirname(present);
    root = realpathSync(folder);
    real = realpathSync(present);
  } catch {
    return undefined;
  }
  if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
  return join(real, relative(present, path));
}
