import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

import { spawn as spawnInTerminal } from "@lydell/node-pty";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Project } from "./project.ts";

// The machine's own Node starts what is here. Where it is older than 26, the launcher hands over to the pinned one.
const root = fileURLToPath(new URL("../..", import.meta.url));

let folder: string;
let project: Project;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ordinal-launch-"));
  project = new Project(join(folder, "project"));
  const launch = JSON.stringify(pathToFileURL(join(root, "scripts/launch.js")));
  project.write({
    "start.mjs": `import { launch } from ${launch};\nawait launch(new URL(process.argv.splice(2, 1)[0], import.meta.url));\n`,
    "arguments.mjs": `console.log(JSON.stringify(process.argv.slice(2)), Number.parseInt(process.versions.node));\nprocess.exit(7);\n`,
    "signals.mjs":
      `let count = 0;\nprocess.on("SIGINT", () => console.log("interrupted " + ++count));\n` +
      `process.on("SIGHUP", () => process.exit(9));\nsetInterval(() => {}, 1000);\nconsole.log("listening");\n`,
  });
  symlinkSync(join(root, "node_modules"), join(project.folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the launcher", { timeout: 30_000 }, () => {
  it("runs a program on Node 26 with its arguments, and ends with its exit code", async () => {
    const { code, stdout } = await project.run("node", "start.mjs", "./arguments.mjs", "-f", "a b");
    expect(stdout).toBe('["-f","a b"] 26\n');
    expect(code).toBe(7);
  });

  it("lets a terminal's Ctrl-C reach the program once, and hands on other signals", async () => {
    const terminal = spawnInTerminal("node", ["start.mjs", "./signals.mjs"], { cwd: project.folder, env: project.env });
    let seen = "";
    const ended = new Promise<{ exitCode: number }>((resolve) => terminal.onExit(resolve));
    const shown = (words: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => (seen.includes(words) ? resolve() : undefined);
        terminal.onData(look);
        look();
      });
    terminal.onData((data) => (seen += data));
    await shown("listening");
    for (let key = 1; key <= 4; key++) {
      terminal.write("\u0003");
      await shown(`interrupted ${key}\r`);
      // A second signal would be handed on about now; the next key must not hide it.
      await setTimeout(100);
    }
    terminal.kill("SIGHUP");
    expect((await ended).exitCode).toBe(9);
    expect(seen.match(/interrupted/g)).toHaveLength(4);
  });

  it("ends by the signal that ended the program", async () => {
    project.write({ "killed.mjs": 'process.kill(process.pid, "SIGTERM");\nsetInterval(() => {}, 1000);\n' });
    expect(await project.run("node", "start.mjs", "./killed.mjs")).toMatchObject({ code: null, signal: "SIGTERM" });
  });
});
