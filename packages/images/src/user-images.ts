import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, posix, resolve as resolvePath } from "node:path";

import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair, type YAMLMap } from "yaml";

import { type ImageDefinition, type ImageFile, STOP_SIGNALS } from "./image.ts";
import { InvalidReferenceError, parseReference, repositoryOf } from "./reference.ts";

/** Everything wrong with a file of image declarations, one line a problem: `FILE:LINE: what`. */
export class UserImagesError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "UserImagesError";
    this.problems = problems;
  }
}

/**
 * Reads the images that a user declares (see the package's README for the format). Relative paths of the machine are
 * relative to the file. Throws `UserImagesError` with all problems together, and what `readFileSync` throws when the file
 * cannot be read.
 */
export function loadUserImages(yamlFile: string): readonly ImageDefinition[] {
  return parseUserImages(readFileSync(yamlFile, "utf8"), yamlFile);
}

/** `loadUserImages` of a text; `yamlFile` names it in problems and is what relative paths are relative to. */
export function parseUserImages(text: string, yamlFile: string): readonly ImageDefinition[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const reader = new Reader(yamlFile, lines);
  for (const error of document.errors) reader.report(error.pos[0], error.message.split("\n")[0] ?? "");
  const images = document.errors.length > 0 ? [] : reader.readRoot(document.contents);
  if (reader.problems.length > 0) throw new UserImagesError(reader.problems);
  return images;
}

const IMAGE_KEYS = [
  "name",
  "command",
  "args",
  "env",
  "workingDirectory",
  "programs",
  "files",
  "folders",
  "user",
  "stopSignal",
] as const;
const FILE_KEYS = ["path", "content", "copyOf", "mode"] as const;
const USER_MAX = 2_147_483_647;

type Value = Node | null | undefined;

/** Walks the document's nodes, so that every problem knows its line. */
class Reader {
  readonly problems: string[] = [];
  readonly #file: string;
  readonly #lines: LineCounter;

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  report(at: Value | number, what: string): void {
    const offset = typeof at === "number" ? at : (at?.range?.[0] ?? 0);
    this.problems.push(`${this.#file}:${this.#lines.linePos(offset).line}: ${what}`);
  }

  readRoot(root: Value): readonly ImageDefinition[] {
    if (root === null) return [];
    const entries = this.#entries(root, ["images"], "the file");
    const list = entries?.get("images");
    if (list === undefined) return [];
    if (!isSeq(list)) {
      this.report(list, "images must be a list");
      return [];
    }
    const images = list.items.flatMap((item) => this.#readImage(item as Value) ?? []);
    const seen = new Set<string>();
    for (const { repositories, tags } of images) {
      const name = `${repositories[0]}${tags === undefined ? "" : `:${tags[0]}`}`;
      if (seen.has(name)) this.report(list, `image ${name} is declared twice`);
      seen.add(name);
    }
    return images;
  }

  #readImage(node: Value): ImageDefinition | undefined {
    const entries = this.#entries(node, IMAGE_KEYS, "an image");
    if (entries === undefined) return undefined;
    const name = this.#readName(node, entries.get("name"));
    const entrypoint = this.#strings(entries.get("command"), "command");
    const command = this.#strings(entries.get("args"), "args");
    const workingDirectory = this.#string(entries.get("workingDirectory"), "workingDirectory") ?? "/";
    if (!posix.isAbsolute(workingDirectory)) {
      this.report(entries.get("workingDirectory"), "workingDirectory must be an absolute path");
    }
    const stopSignal = this.#string(entries.get("stopSignal"), "stopSignal") ?? "SIGTERM";
    const signal = STOP_SIGNALS.find((known) => known === stopSignal);
    if (signal === undefined) {
      this.report(entries.get("stopSignal"), `stopSignal must be one of ${STOP_SIGNALS.join(", ")}`);
    }
    const definition = {
      entrypoint,
      command,
      env: this.#readEnv(entries.get("env")),
      workingDirectory,
      programs: this.#readPrograms(entries.get("programs")),
      files: this.#readFiles(entries.get("files")),
      folders: this.#strings(entries.get("folders"), "folders").map((path) =>
        this.#folder(entries.get("folders"), path),
      ),
      user: this.#integer(entries.get("user"), "user", 0, USER_MAX) ?? 0,
      stopSignal: signal ?? "SIGTERM",
      summary: `declared in ${this.#file}`,
    };
    return name === undefined ? undefined : { ...name, ...definition };
  }

  /** Without a tag an image answers to every tag. */
  #readName(image: Value, node: Value): Pick<ImageDefinition, "repositories" | "tags"> | undefined {
    if (node === undefined) {
      this.report(image, "an image needs a name");
      return undefined;
    }
    const text = this.#string(node, "name");
    if (text === undefined) return undefined;
    try {
      const reference = parseReference(text);
      if (reference.digest !== undefined) this.report(node, "name must not have a digest");
      const repositories = [repositoryOf(reference)];
      const hasTag = text.lastIndexOf(":") > text.lastIndexOf("/");
      return hasTag && reference.tag !== undefined ? { repositories, tags: [reference.tag] } : { repositories };
    } catch (error) {
      if (!(error instanceof InvalidReferenceError)) throw error;
      this.report(node, error.message);
      return undefined;
    }
  }

  #readEnv(node: Value): Readonly<Record<string, string>> {
    const env: [string, string][] = [];
    for (const [key, value] of this.#entries(node, undefined, "env") ?? []) {
      if (key === "" || key.includes("=")) this.report(value, `not a name of an environment variable: ${key}`);
      env.push([key, this.#string(value, `env ${key}`) ?? ""]);
    }
    return Object.fromEntries(env);
  }

  #readPrograms(node: Value): Readonly<Record<string, readonly string[]>> {
    const programs: [string, readonly string[]][] = [];
    for (const [name, value] of this.#entries(node, undefined, "programs") ?? []) {
      if (name === "" || name.endsWith("/") || (name.includes("/") && !isNormalAbsolute(name))) {
        this.report(value, `a program's name is one word or an absolute path: ${name}`);
      }
      const [first, ...rest] = this.#strings(value, `program ${name}`);
      if (first === undefined) {
        this.report(value, `program ${name} needs a command: a list that begins with a file of the machine`);
        continue;
      }
      const isRelative = (word: string) => word.startsWith("./") || word.startsWith("../");
      programs.push([
        name,
        [this.#machinePath(first), ...rest.map((word) => (isRelative(word) ? this.#machinePath(word) : word))],
      ]);
    }
    return Object.fromEntries(programs);
  }

  #readFiles(node: Value): readonly ImageFile[] {
    if (node === undefined) return [];
    if (!isSeq(node)) {
      this.report(node, "files must be a list");
      return [];
    }
    return node.items.flatMap((item) => this.#readFile(item as Value) ?? []);
  }

  #readFile(node: Value): ImageFile | undefined {
    const entries = this.#entries(node, FILE_KEYS, "a file");
    if (entries === undefined) return undefined;
    const path = this.#string(entries.get("path"), "path");
    if (path === undefined || !isNormalAbsolute(path) || path.endsWith("/")) {
      this.report(entries.get("path") ?? node, "a file needs a path, absolute and without `..`");
      return undefined;
    }
    const content = this.#string(entries.get("content"), "content");
    const copyOf = this.#string(entries.get("copyOf"), "copyOf");
    if ((content === undefined) === (copyOf === undefined)) {
      this.report(node, `file ${path} needs either content or copyOf`);
      return undefined;
    }
    if (copyOf !== undefined && statSync(this.#machinePath(copyOf), { throwIfNoEntry: false })?.isFile() !== true) {
      this.report(entries.get("copyOf"), `no such file: ${this.#machinePath(copyOf)}`);
    }
    const mode = this.#integer(entries.get("mode"), "mode", 0, 0o7777) ?? 0o644;
    return { path, mode, content: copyOf === undefined ? (content ?? "") : { copyOf: this.#machinePath(copyOf) } };
  }

  #folder(node: Value, path: string): string {
    const folder = this.#machinePath(path);
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
      this.report(node, `no such folder: ${folder}`);
    return folder;
  }

  #machinePath(path: string): string {
    return isAbsolute(path) ? path : resolvePath(dirname(this.#file), path);
  }

  /** The entries of a map by key; `known` keys only, when given. Undefined, and a problem, when it is something else. */
  #entries(node: Value, known: readonly string[] | undefined, what: string): Map<string, Value> | undefined {
    if (node === undefined) return undefined;
    if (!isMap(node)) {
      this.report(node, `${what} must be a map`);
      return undefined;
    }
    const entries = new Map<string, Value>();
    for (const { key, value } of (node as YAMLMap).items as Pair<Node, Value>[]) {
      const name = isScalar(key) ? String(key.value) : "";
      if (known !== undefined && !known.includes(name)) {
        this.report(key, `unknown key ${name}; known: ${known.join(", ")}`);
        continue;
      }
      // A key without a value is as good as no key.
      if (isScalar(value) && value.value === null) continue;
      entries.set(name, value);
    }
    return entries;
  }

  #string(node: Value, what: string): string | undefined {
    if (node === undefined) return undefined;
    if (isScalar(node) && ["string", "number", "boolean"].includes(typeof node.value)) {
      // As it was typed: a version 1.10 is not the number 1.1.
      return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
    }
    this.report(node, `${what} must be text`);
    return undefined;
  }

  #strings(node: Value, what: string): readonly string[] {
    if (node === undefined) return [];
    if (!isSeq(node)) {
      this.report(node, `${what} must be a list`);
      return [];
    }
    return node.items.flatMap((item) => this.#string(item as Value, `an element of ${what}`) ?? []);
  }

  #integer(node: Value, what: string, least: number, most: number): number | undefined {
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    this.report(node, `${what} must be a whole number from ${least} to ${most}`);
    return undefined;
  }
}

function isNormalAbsolute(path: string): boolean {
  return path.startsWith("/") && posix.normalize(path) === path;
}
