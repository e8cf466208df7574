import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";

/**
 * The folders of the machine that this project's own programs need at run time: their source, what they import and the
 * Node binary that runs them. Containers see exactly these and not what lies beside them (the user's home, a checkout's
 * history).
 */
export function projectFolders(): readonly string[] {
  const here = realpathSync(import.meta.dirname);
  const folders = new Set<string>();
  const installed = here.indexOf(`${sep}node_modules${sep}`);
  if (installed !== -1) {
    folders.add(here.slice(0, installed + `${sep}node_modules`.length));
  } else {
    const root = workspaceRoot(here);
    folders.add(join(root, "packages"));
    if (existsSync(join(root, "node_modules"))) folders.add(realpathSync(join(root, "node_modules")));
  }
  const node = dirname(realpathSync(process.execPath));
  if (![...folders].some((folder) => node === folder || node.startsWith(folder + sep))) folders.add(node);
  return [...folders];
}

/** The folder whose package.json declares the workspaces that `folder` is part of. */
function workspaceRoot(folder: string): string {
  for (let up = folder; ; up = dirname(up)) {
    const manifest = join(up, "package.json");
    if (existsSync(manifest)) {
      const parsed: unknown = JSON.parse(readFileSync(manifest, "utf8"));
      if (typeof parsed === "object" && parsed !== null && "workspaces" in parsed) return up;
    }
    if (dirname(up) === up) throw new Error(`no package.json with workspaces above ${folder}`);
  }
}
