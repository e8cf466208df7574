/** The examples of the package's README, run as they stand there. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { isOriginalInstalled, ORIGINAL_CLASS_PATH } from "../../packages/zookeeper/src/testing/original.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PYTHON = "/usr/bin/python3";
const JAVA_COMPILER = "/usr/bin/javac";
const readme = readFileSync(join(ROOT, "packages/zookeeper/README.md"), "utf8");

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zookeeper-readme-"));
  mkdirSync(join(folder, "bin"));
  // As if installed: `npx` finds the command, and the package its name.
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function example(language: string): string {
  const [, code] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(readme) ?? [];
  if (code === undefined) throw new Error(`the README has no example in ${language}`);
  return code;
}

/** Resolves with what it printed; rejects with what it said on standard error. */
function run(command: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd: folder, timeout: 100_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stdout}${stderr}`));
    });
  });
}

function hasKazoo(): boolean {
  if (!existsSync(PYTHON)) return false;
  try {
    execFileSync(PYTHON, ["-c", "import kazoo"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("the README's example", () => {
  test("in TypeScript", async () => {
    writeFileSync(join(folder, "example.ts"), example("ts"));
    expect(await run(process.execPath, "example.ts")).toBe("world\n");
  });

  test.skipIf(!hasKazoo())("in Python", async () => {
    writeFileSync(join(folder, "example.py"), example("python"));
    expect(await run(PYTHON, "example.py")).toBe("again\n");
  });

  test.skipIf(!isOriginalInstalled() || !existsSync(JAVA_COMPILER))("in Java", async () => {
    writeFileSync(join(folder, "Example.java"), example("java"));
    await run(JAVA_COMPILER, "-cp", ORIGINAL_CLASS_PATH, "-d", folder, "Example.java");
    const printed = await run("/usr/bin/java", "-cp", `${folder}:${ORIGINAL_CLASS_PATH}`, "Example");
    expect(printed).toContain('{"command":"status","ok":true,"leader":');
    expect(printed.trimEnd().endsWith("\nworld")).toBe(true);
  });

  test("of an ensemble around a command", async () => {
    const printed = await run(
      "npx",
      "ordinal",
      "zookeeper",
      "--size",
      "1",
      "--",
      "sh",
      "-c",
      "echo $ZOOKEEPER_CONNECT",
    );
    expect(printed).toMatch(/^127\.0\.0\.1:\d+\n$/);
  });
});
