/** The files of a configuration on this machine. Texts and paths are byte strings. */
import { readdirSync, readFileSync, statSync } from "node:fs";

import type { ConfigFiles } from "../config/parse.ts";
import { describeErrno } from "../static/errno.ts";
import { errorCode } from "../static/file-cache.ts";

export function realConfigFiles(mapPath: (path: string) => string): ConfigFiles {
  const system = (path: string): Buffer => Buffer.from(mapPath(path), "latin1");
  return {
    read(path) {
      try {
        return readFileSync(system(path)).toString("latin1");
      } catch (error) {
        const code = errorCode(error);
        // The original opens a folder without complaint and fails when it reads.
        if (code === "EISDIR") throw new Error(`read() "${path}" failed (${describeErrno(code)})`, { cause: error });
        throw new Error(`open() "${path}" failed (${describeErrno(code)})`, { cause: error });
      }
    },
    glob(pattern) {
      let found = [""];
      for (const segment of pattern.split("/").slice(1)) {
        found = /[*?[]/.test(segment)
          ? found.flatMap((folder) => matching(folder, segment, system))
          : found.map((folder) => `${folder}/${segment}`);
      }
      return found.filter((path) => exists(system(path))).sort();
    },
  };
}

function matching(folder: string, segment: string, system: (path: string) => Buffer): string[] {
  let names: string[];
  try {
    names = readdirSync(system(folder === "" ? "/" : folder), { encoding: "buffer" }).map((name) =>
      name.toString("latin1"),
    );
  } catch {
    return [];
  }
  const expression = shellPattern(segment);
  return names
    .filter((name) => expression.test(name) && (!name.startsWith(".") || segment.startsWith(".")))
    .map((name) => `${folder}/${name}`);
}

function shellPattern(segment: string): RegExp {
  const source = segment.replace(/\[!?[^\]]+\]|[*?]|[^*?[]+|\[/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    if (part.length > 1 && part.startsWith("[")) return part.replace("[!", "[^").replaceAll("\\", "\\\\");
    return part.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "s");
}

function exists(path: Buffer): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}
