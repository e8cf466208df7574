// Entry point of the container image: `docker run ordinal IMAGE [ARG…]` runs what IMAGE names in the same table that pods use;
// any other command runs as it is. The program replaces this process, so that it is PID 1 and gets the container's signals.
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

import { resolve } from "../resolve.ts";

const [name, ...args] = process.argv.slice(2);
if (name === undefined) {
  process.stderr.write("Name what to run: nginx, ordinal-dns --help, or any command of the image.\n");
  process.exit(2);
}
const image = resolve(name);
const argv = image === undefined || args.length > 0 ? [name, ...args] : [...image.entrypoint, ...image.command];
const env = { ...image?.env, ...process.env } as Record<string, string>;
const file = find(argv[0] ?? name, env["PATH"] ?? "");
if (file === undefined) {
  process.stderr.write(`${argv[0]}: not found in $PATH\n`);
  process.exit(127);
}
process.execve?.(file, argv, env);

function find(command: string, path: string): string | undefined {
  const candidates = command.includes("/") ? [command] : path.split(":").map((folder) => join(folder, command));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
