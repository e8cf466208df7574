/**
 * Makes the tarballs that are published: of every package that is not private, what its exports and commands reach, as JavaScript with
 * declarations, because Node runs no TypeScript under node_modules.
 *
 *     npm run pack [-- --out DIR]          default: tarballs/
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

import { type PackageManifest, publishedManifest, publishedPath } from "./pack-manifest.ts";
import { isNeighbour, nameJavaScript, references, toJavaScript } from "./pack-source.ts";

const root = realpathSync(join(import.meta.dirname, ".."));
const USAGE = "Usage: npm run pack [-- --out DIR]\n\nWrites a tarball of each package into DIR (default: tarballs).\n";
const LAUNCHER_IN_CHECKOUT = "../../../scripts/launch.js";

interface Package {
  /** Absolute. */
  readonly folder: string;
  readonly manifest: PackageManifest;
  /** Source files that its exports and commands reach, relative to its folder. */
  readonly sources: ReadonlySet<string>;
  readonly startsPrograms: boolean;
}

/** Writes the tarballs into `out`, which is created if need be, and returns their paths. Throws an Error that names the file at fault. */
export function pack(out: string): string[] {
  const packages = readPackages();
  const work = mkdtempSync(join(tmpdir(), "ordinal-pack-"));
  try {
    const declarations = join(work, "declarations");
    emitDeclarations(packages, declarations, join(work, "tsconfig.json"));
    const rootManifest = readManifest(root);
    const siblings = new Map(packages.map(({ manifest }) => [manifest.name, manifest.version]));
    const staged = packages.map((one) => {
      const stage = join(work, relative(join(root, "packages"), one.folder));
      const typeImports = stageDeclarations(one, declarations, stage);
      stageSources(one, stage);
      stageCommands(one, stage);
      stageFiles(one, stage);
      const facts = { root: rootManifest, siblings, startsPrograms: one.startsPrograms, typeImports };
      write(join(stage, "package.json"), `${JSON.stringify(publishedManifest(one.manifest, facts), null, 2)}\n`);
      return stage;
    });
    mkdirSync(out, { recursive: true });
    return npmPack(staged, out);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function readPackages(): Package[] {
  return globSync("packages/*/package.json", { cwd: root })
    .map((path) => join(root, dirname(path)))
    .sort()
    .flatMap((folder) => {
      const manifest = readManifest(folder);
      return manifest.private === true ? [] : [{ folder, manifest, ...reach(folder, manifest) }];
    });
}

function readManifest(folder: string): PackageManifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageManifest;
}

/** Follows every reference from the exports and commands of a package. What only tests and benchmarks use is never met. */
function reach(
  folder: string,
  { exports = {}, bin = {} }: PackageManifest,
): Pick<Package, "sources" | "startsPrograms"> {
  const sources = new Set<string>();
  let startsPrograms = false;
  const visit = (path: string): void => {
    if (sources.has(path)) return;
    sources.add(path);
    follow(path);
  };
  const follow = (path: string): void => {
    for (const { specifier, kind } of references(readFileSync(join(folder, path), "utf8"))) {
      if (!isNeighbour(specifier)) continue;
      if (kind === "url") startsPrograms = true;
      visit(posix.join(posix.dirname(path), specifier));
    }
  };
  for (const target of Object.values(exports)) visit(posix.normalize(target));
  for (const command of Object.values(bin))
    if (!isShellScript(readFileSync(join(folder, command), "utf8"))) follow(posix.normalize(command));
  for (const path of sources)
    if (!path.startsWith("src/") || /\.test\.ts$|\/(?:testing|testdata|contracts)\//.test(path))
      throw new Error(`${join(folder, path)}: the package reaches this, and it belongs to its tests`);
  return { sources, startsPrograms };
}

function emitDeclarations(packages: readonly Package[], out: string, configFile: string): void {
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    noEmitOnError: true,
    outDir: out,
    rootDir: join(root, "packages"),
    typeRoots: [join(root, "node_modules/@types")],
  };
  const files = packages.flatMap(({ folder, sources }) => [...sources].map((path) => join(folder, path)));
  write(configFile, JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions, include: [], files }));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const result = spawnSync(process.execPath, [tsc, "--project", configFile], { cwd: root, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`tsc wrote no declarations:\n${result.stdout}${result.stderr}`);
}

/** The declarations that the exports reach. Returns the packages that they import, `node` for Node's own. */
function stageDeclarations({ folder, manifest }: Package, declarations: string, stage: string): Set<string> {
  const emitted = join(declarations, relative(join(root, "packages"), folder));
  const done = new Set<string>();
  const imported = new Set<string>();
  const visit = (path: string): void => {
    if (done.has(path)) return;
    done.add(path);
    const text = readFileSync(join(emitted, path.replace(/\.ts$/, ".d.ts")), "utf8");
    for (const { specifier } of references(text)) {
      if (isNeighbour(specifier)) visit(posix.join(posix.dirname(path), specifier));
      else imported.add(specifier.startsWith("node:") ? "node" : packageName(specifier));
    }
    // Node's globals need no import.
    if (/\b(?:NodeJS\.|Buffer\b|AbortSignal\b)/.test(text)) imported.add("node");
    write(join(stage, publishedPath(path, ".d.ts")), nameJavaScript(text));
  };
  for (const target of Object.values(manifest.exports ?? {})) visit(posix.normalize(target));
  return imported;
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function stageSources({ folder, sources }: Package, stage: string): void {
  for (const path of sources) {
    const file = join(folder, path);
    try {
      write(join(stage, publishedPath(path)), toJavaScript(readFileSync(file, "utf8")));
    } catch (error) {
      throw new Error(`${file}:${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}

/** Each package with commands brings the launcher with it: the checkout's lies outside of it. */
function stageCommands({ folder, manifest }: Package, stage: string): void {
  for (const path of Object.values(manifest.bin ?? {})) {
    const source = readFileSync(join(folder, path), "utf8");
    if (isShellScript(source)) {
      write(join(stage, path), source);
      chmodSync(join(stage, path), 0o755);
      continue;
    }
    const targets = references(source).map(({ specifier }) => specifier);
    if (targets[0] !== LAUNCHER_IN_CHECKOUT || targets.length !== 2)
      throw new Error(
        `${join(folder, path)}: a command launches one file of src by ${LAUNCHER_IN_CHECKOUT}, and nothing else`,
      );
    const command = source
      .replace(LAUNCHER_IN_CHECKOUT, "./launch.js")
      .replace(/"\.\.\/(src\/[^"]*)"/, (_all, target: string) => `"../${publishedPath(target)}"`);
    write(join(stage, path), command);
    chmodSync(join(stage, path), 0o755);
    cpSync(join(root, "scripts/launch.js"), join(stage, dirname(path), "launch.js"));
  }
}

/** A command of plain sh is published as it is. */
function isShellScript(source: string): boolean {
  return source.startsWith("#!/bin/sh\n");
}

/** What `files` names besides code comes from the package, or else from the repository. */
function stageFiles({ folder, manifest }: Package, stage: string): void {
  const data = (manifest.files ?? []).filter((name) => name !== "dist" && name !== "bin");
  for (const name of [...data, "README.md", "LICENSE"]) {
    const source = [join(folder, name), ...(name === "README.md" ? [] : [join(root, name)])].find((path) =>
      existsSync(path),
    );
    if (source === undefined) throw new Error(`${folder} has no ${name}`);
    cpSync(source, join(stage, name), { recursive: true });
  }
}

function npmPack(folders: readonly string[], out: string): string[] {
  // npm_execpath is npm's own script when npm started us.
  const npm = process.env["npm_execpath"];
  const [command, ...first] = npm !== undefined && /npm-cli\.c?js$/.test(npm) ? [process.execPath, npm] : ["npm"];
  const args = [...first, "pack", "--json", "--pack-destination", out, ...folders];
  const packed: unknown = JSON.parse(
    execFileSync(command ?? "npm", args, { cwd: dirname(folders[0] ?? root), encoding: "utf8" }),
  );
  // npm 12 keys them by name; before, it was a list.
  const rows = Object.values(packed as Record<string, { readonly filename: string }>);
  // Some versions of npm write @ordinal/io where the file is called ordinal-io.
  return rows.map(({ filename }) => join(out, filename.replace(/^@/, "").replace("/", "-")));
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: "string" }, help: { type: "boolean", short: "h" } } });
  if (values.help === true) process.stdout.write(USAGE);
  else process.stdout.write(`${pack(resolve(values.out ?? join(root, "tarballs"))).join("\n")}\n`);
}
