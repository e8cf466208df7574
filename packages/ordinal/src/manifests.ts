import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { LineCounter, parseAllDocuments } from "yaml";

import { CommandError } from "./usage.ts";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Record<string, string>;
  };
  readonly [field: string]: unknown;
}

const NAMES = /\.(ya?ml|json)$/;

/** Objects of YAML or JSON files, folders (their files by name, not below), or `-`; lists are taken apart. Every problem names file and line. */
export function readManifests(files: readonly string[]): Manifest[] {
  return files.flatMap((file) =>
    file === "-" ? parseFile("standard input", readFileSync(0, "utf8")) : readPath(file),
  );
}

function readPath(path: string): Manifest[] {
  try {
    if (statSync(path).isDirectory())
      return readdirSync(path)
        .filter((name) => NAMES.test(name) && name !== "kustomization.yaml")
        .sort()
        .flatMap((name) => parseFile(join(path, name), readFileSync(join(path, name), "utf8")));
    return parseFile(path, readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const why =
      code === "ENOENT"
        ? "there is no such file"
        : code === "EACCES"
          ? "no permission to read it"
          : (error as Error).message;
    throw new CommandError(`Cannot read ${path}: ${why}.`);
  }
}

function parseFile(file: string, content: string): Manifest[] {
  const lines = new LineCounter();
  return parseAllDocuments(content, { lineCounter: lines }).flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined)
      throw new CommandError(`${file}:${lines.linePos(problem.pos[0]).line}: ${problem.message.split("\n")[0]}`);
    const value = document.toJS() as unknown;
    if (value === null || value === undefined) return [];
    const line = lines.linePos(document.contents?.range?.[0] ?? 0).line;
    return takeApart(value as Record<string, unknown>, `${file}:${line}`);
  });
}

function takeApart(value: Record<string, unknown>, where: string): Manifest[] {
  if (typeof value["kind"] === "string" && value["kind"].endsWith("List") && Array.isArray(value["items"]))
    return (value["items"] as Record<string, unknown>[]).flatMap((item) => takeApart(item, where));
  const metadata = value["metadata"] as { name?: unknown } | undefined;
  for (const [what, found] of [
    ["apiVersion", value["apiVersion"]],
    ["kind", value["kind"]],
    ["metadata.name", metadata?.name],
  ] as const)
    if (typeof found !== "string" || found === "") throw new CommandError(`${where}: this document has no ${what}.`);
  return [value as unknown as Manifest];
}
