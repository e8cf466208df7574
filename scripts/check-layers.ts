/**
 * Fails, naming file and line, where the code breaks ARCHITECTURE.md: an import in the wrong direction, a path into another
 * package's src, a dependency that package.json does not declare, a cycle between files, a core that does I/O, reads a clock
 * or draws randomness.
 *
 *     node scripts/check-layers.ts [DIRECTORY]
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";

import { lineAt, scanSource, type Import, type SourceScan } from "./source-scan.ts";

/** A package imports packages of lower ranks only; those of equal rank never import each other. */
const RANKS: ReadonlyMap<string, number> = new Map([
  ["kit", 0],
  ["io", 1],
  ["nginx", 2],
  ["dns", 2],
  ["zookeeper", 2],
  ["images", 3],
  ["kubernetes", 4],
  ["ordinal", 5],
]);

/** Simulates the ports for everybody's tests; no server imports it. */
const SIMULATOR = "simulator";

/**
 * Where cores live: the folders and files of these names under a package's src, and all of `kit`. A file there that is
 * named `shell.ts` or ends in `-shell.ts` is the shell around the core. What a core imports is held to the same rules.
 */
const CORE_TOPICS: ReadonlySet<string> = new Set([
  ..."config zone kinds controllers scheduler".split(" "),
  ..."jute tree election zab session processing".split(" "),
]);

/** Packages of others that compute and nothing else; a core may import these. */
const PURE_PACKAGES: ReadonlySet<string> = new Set(["yaml", "fast-json-patch", "kubernetes-types"]);

/** Functions of Node's modules that compute and nothing else; a core may import these by name. */
const PURE_FUNCTIONS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["node:zlib", new Set(["crc32"])],
  ["node:crypto", new Set(["createHash"])],
]);

const GLOBAL = "(?<![\\w$]|(?<!\\.\\.)\\.)";
const IMPURE_GLOBALS: ReadonlyArray<readonly [pattern: RegExp, name: string]> = [
  [new RegExp(`${GLOBAL}Date\\s*\\.\\s*now\\b`, "g"), "Date.now"],
  [new RegExp(`${GLOBAL}Date\\s*\\(\\s*\\)|${GLOBAL}new\\s+Date\\s*(?![\\s\\w(]|\\.)`, "g"), "new Date()"],
  [new RegExp(`${GLOBAL}Math\\s*\\.\\s*random\\b`, "g"), "Math.random"],
  [new RegExp(`${GLOBAL}(?:setTimeout|setInterval|setImmediate)\\b(?!\\s*[:?])`, "g"), "a timer"],
  [
    new RegExp(`${GLOBAL}(?:performance|process|crypto|console|globalThis)\\s*(?:\\?\\.|[.[])`, "g"),
    "a global of the runtime",
  ],
  [new RegExp(`${GLOBAL}fetch\\s*\\(`, "g"), "fetch"],
];

interface SourceFile extends SourceScan {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  /** The folder under `packages/`, or undefined for `test/` and `scripts/`. */
  readonly package: string | undefined;
}

interface Manifest {
  readonly name: string;
  readonly dependencies: ReadonlySet<string>;
  readonly exports: ReadonlySet<string>;
}

interface Tree {
  readonly root: string;
  readonly files: ReadonlyMap<string, SourceFile>;
  /** By folder under `packages/`. */
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly rootManifest: Manifest;
}

/** All problems of the repository at `root`, as `path:line: sentence`, sorted. */
export function checkLayers(root: string): string[] {
  const tree = readTree(root);
  const problems = [
    ...unrankedPackages(tree),
    ...[...tree.files.values()].flatMap((file) => file.imports.flatMap((found) => checkImport(tree, file, found))),
    ...checkCycles(tree),
    ...checkCores(tree),
  ];
  return [...new Set(problems)].sort();
}

function readTree(root: string): Tree {
  const patterns = ["packages/*/{src,bench}/**/*.ts", "test/**/*.ts", "scripts/**/*.ts"];
  const files = new Map<string, SourceFile>();
  for (const found of globSync(patterns, { cwd: root, exclude: (path) => path.includes("node_modules") })) {
    const path = found.split(sep).join("/");
    const scan = scanSource(readFileSync(join(root, path), "utf8"));
    files.set(path, { ...scan, path, package: packageOf(path) });
  }
  const manifests = new Map<string, Manifest>();
  for (const path of globSync("packages/*/package.json", { cwd: root })) {
    manifests.set(path.split(sep)[1] ?? "", readManifest(join(root, path)));
  }
  return { root, files, manifests, rootManifest: readManifest(join(root, "package.json")) };
}

function readManifest(path: string): Manifest {
  if (!existsSync(path)) return { name: "", dependencies: new Set(), exports: new Set() };
  const json = JSON.parse(readFileSync(path, "utf8")) as {
    name?: string;
    exports?: Record<string, unknown>;
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
    peerDependencies?: Record<string, string>;
  };
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = json;
  return {
    name: json.name ?? "",
    dependencies: new Set(
      Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies }),
    ),
    exports: new Set(Object.keys(json.exports ?? {})),
  };
}

function packageOf(path: string): string | undefined {
  const [top, name] = path.split("/");
  return top === "packages" ? name : undefined;
}

/** Code that runs in tests and benchmarks only: these may use the simulator and the repository's own tools. */
function isForTests(path: string): boolean {
  return /\.test\.ts$|[./-]contract\.ts$|\/(?:contracts|testdata|testing|simulation|bench)\/|^test\/|^packages\/simulator\//.test(
    path,
  );
}

function unrankedPackages(tree: Tree): string[] {
  return [...tree.manifests.keys()]
    .filter((name) => !RANKS.has(name) && name !== SIMULATOR)
    .map((name) => `packages/${name}/package.json:1: this package has no rank; give it one in scripts/check-layers.ts`);
}

function checkImport(tree: Tree, file: SourceFile, found: Import): string[] {
  const at = `${file.path}:${found.line}: `;
  const { specifier } = found;
  if (specifier.startsWith(".")) return checkPath(tree, file, found).map((problem) => at + problem);
  if (isBuiltin(specifier)) return specifier.startsWith("node:") ? [] : [`${at}write node:${specifier}`];
  const name = packageName(specifier);
  const target = [...tree.manifests].find(([, manifest]) => manifest.name === name);
  if (target === undefined) return checkDeclared(tree, file, name).map((problem) => at + problem);
  const [folder, manifest] = target;
  const subpath = `.${specifier.slice(name.length)}`;
  return [
    ...(manifest.exports.has(subpath) ? [] : [`${specifier} is not among the exports of ${name}`]),
    ...checkDirection(file, folder),
    ...checkDeclared(tree, file, name),
  ].map((problem) => at + problem);
}

function checkPath(tree: Tree, file: SourceFile, found: Import): string[] {
  const target = relative(tree.root, resolve(tree.root, dirname(file.path), found.specifier))
    .split(sep)
    .join("/");
  const owner = packageOf(target);
  if (owner === undefined || owner === file.package) return [];
  // What needs a real machine to be tested belongs to its package, though its tests stand in test/.
  if (file.path.startsWith("test/")) return [];
  return [`${found.specifier} is a path into the package ${owner}; import it by name`];
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function checkDirection(file: SourceFile, target: string): string[] {
  const from = file.package;
  if (from === undefined || from === SIMULATOR || from === target) return [];
  if (target === SIMULATOR) {
    return isForTests(file.path) ? [] : [`the simulator is for tests; ${from} must not import it`];
  }
  const fromRank = RANKS.get(from);
  const targetRank = RANKS.get(target);
  if (fromRank === undefined || targetRank === undefined || targetRank < fromRank) return [];
  if (targetRank === fromRank) return [`${from} and ${target} stand side by side and must not import each other`];
  return [`${from} must not import ${target}: imports run the other way`];
}

/** Tests may use what the repository declares, and every package of it: npm links the workspaces. */
function checkDeclared(tree: Tree, file: SourceFile, name: string): string[] {
  const own = file.package === undefined ? tree.rootManifest : tree.manifests.get(file.package);
  if (own === undefined || own.name === name || own.dependencies.has(name)) return [];
  const shared = file.package === undefined || isForTests(file.path);
  if (shared && tree.rootManifest.dependencies.has(name)) return [];
  if (
    shared &&
    [...tree.manifests.values()].some((manifest) => manifest.name === name || manifest.dependencies.has(name))
  ) {
    return [];
  }
  const manifestPath = file.package === undefined ? "package.json" : `packages/${file.package}/package.json`;
  return [`${name} is not a dependency in ${manifestPath}`];
}

/** The file of this repository that a relative import names, if it does. */
function importedFile(tree: Tree, file: SourceFile, found: Import): SourceFile | undefined {
  if (!found.specifier.startsWith(".")) return undefined;
  const path = relative(tree.root, resolve(tree.root, dirname(file.path), found.specifier));
  return tree.files.get(path.split(sep).join("/"));
}

/** Each cycle once, where its first import closes it. Types count: files that know each other are one idea in two places. */
function checkCycles(tree: Tree): string[] {
  const problems: string[] = [];
  const done = new Set<SourceFile>();
  const trail: SourceFile[] = [];
  const visit = (file: SourceFile): void => {
    trail.push(file);
    for (const found of file.imports) {
      const target = importedFile(tree, file, found);
      if (target === undefined || done.has(target)) continue;
      const start = trail.indexOf(target);
      if (start === -1) visit(target);
      else {
        const names = [...trail.slice(start), target].map((member) => member.path);
        problems.push(`${file.path}:${found.line}: a cycle: ${names.join(" → ")}`);
      }
    }
    trail.pop();
    done.add(file);
  };
  for (const file of tree.files.values()) if (!done.has(file)) visit(file);
  return problems;
}

function isCore(path: string): boolean {
  if (isForTests(path) || /(?:\/|-)shell\.ts$/.test(path)) return false;
  const [top, name, src, topic] = path.split("/");
  if (top !== "packages" || src !== "src" || topic === undefined) return false;
  return name === "kit" || CORE_TOPICS.has(topic.replace(/\.ts$/, ""));
}

function checkCores(tree: Tree): string[] {
  const problems: string[] = [];
  const held = new Set<SourceFile>();
  const hold = (file: SourceFile, because: string): void => {
    if (held.has(file)) return;
    held.add(file);
    for (const problem of impurities(tree, file)) problems.push(problem + because);
    for (const found of file.imports) {
      const target = found.typeOnly ? undefined : importedFile(tree, file, found);
      if (target !== undefined) hold(target, isCore(target.path) ? "" : ` (a core gets here by ${file.path})`);
    }
  };
  for (const file of tree.files.values()) if (isCore(file.path)) hold(file, "");
  return problems;
}

function impurities(tree: Tree, file: SourceFile): string[] {
  const imports = file.imports
    .filter((found) => !found.typeOnly && !found.specifier.startsWith(".") && !isPureImport(tree, file, found))
    .map((found) => `${file.path}:${found.line}: a core must not import ${found.specifier}`);
  const types = file.imports
    .filter((found) => found.typeOnly && found.specifier.startsWith("node:") && found.specifier !== "node:buffer")
    .map((found) => `${file.path}:${found.line}: a core must not know the types of ${found.specifier}`);
  const globals = IMPURE_GLOBALS.flatMap(([pattern, name]) =>
    [...file.code.matchAll(pattern)].map(
      (match) => `${file.path}:${lineAt(file.code, match.index)}: a core must not use ${name}`,
    ),
  );
  return [...imports, ...types, ...globals];
}

function isPureImport(tree: Tree, file: SourceFile, { specifier, names }: Import): boolean {
  if (specifier.startsWith("node:")) {
    const pure = PURE_FUNCTIONS.get(specifier);
    return file.package !== "kit" && pure !== undefined && names !== undefined && names.every((name) => pure.has(name));
  }
  const name = packageName(specifier);
  return file.package !== "kit" && (name === tree.manifests.get("kit")?.name || PURE_PACKAGES.has(name));
}

if (import.meta.main) {
  const problems = checkLayers(resolve(process.argv[2] ?? join(import.meta.dirname, "..")));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error(`${problems.length} ${problems.length === 1 ? "place breaks" : "places break"} ARCHITECTURE.md`);
    process.exitCode = 1;
  }
}
