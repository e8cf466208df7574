import { accessSync, constants, statSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * The file that `name` means on a PATH, as `execvp` looks for it. Throws an Error with the words of an OCI runtime's
 * detail (`exec: "nope": executable file not found in $PATH`) when there is none to execute.
 */
export function findExecutable(name: string, path: string, workingDirectory: string): string {
  if (name.includes("/")) {
    const file = resolve(workingDirectory, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) throw new Error(`exec: "${name}": stat ${name}: no such file or directory`);
    if (stat.isDirectory()) throw new Error(`exec: "${name}": is a directory`);
    if (!isExecutable(file)) throw new Error(`exec: "${name}": permission denied`);
    return file;
  }
  for (const folder of path.split(":")) {
    const file = join(resolve(workingDirectory, folder === "" ? "." : folder), name);
    if (name !== "" && statSync(file, { throwIfNoEntry: false })?.isFile() === true && isExecutable(file)) return file;
  }
  throw new Error(`exec: "${name}": executable file not found in $PATH`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
