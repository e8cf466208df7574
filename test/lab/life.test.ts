import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { homePaths, isRunning, readState } from "@ordinal/kubernetes/lab-home";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { eventually } from "../eventually.ts";
import { ordinal, processesOf, root } from "./cli.ts";

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "ordinal life "))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fresh = (name: string): string => join(folder, name);

const LOST =
  "apiVersion: v1\nkind: Pod\nmetadata: { name: lost }\nspec: { containers: [{ name: a, image: nobody/knows:1 }] }\n";

/** `ordinal ARGS`, left to run. */
function begin(args: readonly string[]): { readonly pid: number; readonly ended: Promise<number>; words(): string } {
  const child = spawn(join(root, "packages/ordinal/bin/ordinal.js"), args, {
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let words = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (words += String(chunk)));
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)));
  return { pid: child.pid ?? 0, ended, words: () => words };
}

describe("a detached start", () => {
  it("leaves the lab running when its pods are not Ready in time, and when whoever waits is killed", async () => {
    const home = homePaths(fresh("late"));
    writeFileSync(fresh("lost.yaml"), LOST);
    const late = await ordinal([
      "start",
      "--detach",
      "--timeout",
      "1",
      "--home",
      home.directory,
      "-f",
      fresh("lost.yaml"),
    ]);
    expect(late.stderr).toContain("The lab is left running to look at");
    const pid = readState(home)?.pid;
    // The pod's state changes again and again meanwhile, and nobody is left to be told.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(readState(home)?.pid).toBe(pid);
    expect(isRunning(readState(home))).toBe(true);
    expect((await ordinal(["stop", "--home", home.directory])).code).toBe(0);

    const waiting = begin(["start", "--detach", "--home", home.directory, "-f", fresh("lost.yaml")]);
    await eventually(() => expect(readState(home)?.starting).toBe(false), 20_000, 5);
    await eventually(() => expect(isRunning(readState(home))).toBe(true), 20_000, 5);
    process.kill(waiting.pid, "SIGKILL");
    await waiting.ended;
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(isRunning(readState(home))).toBe(true);
    expect((await ordinal(["stop", "--home", home.directory])).code).toBe(0);
    expect(processesOf(home.directory)).toEqual([]);
  });
});

describe("`ordinal stop`", () => {
  it("ends a lab that is just starting, and a second one waits for the same end", async () => {
    const home = homePaths(fresh("early"));
    const starting = begin(["start", "--detach", "--home", home.directory]);
    await eventually(() => expect(isRunning(readState(home))).toBe(true), 20_000, 1);
    const status = await ordinal(["status", "--home", home.directory]);
    expect(status.stdout).toMatch(/is starting|Ready/);
    const stops = await Promise.all([1, 2].map(() => ordinal(["stop", "--home", home.directory])));
    for (const stop of stops) expect(stop.stdout).toMatch(/has stopped/);
    expect(processesOf(home.directory)).toEqual([]);
    expect(await starting.ended).toBe(1);
    expect(starting.words()).toContain("The lab was stopped before every pod was Ready");
  });
});

// It ignores every polite signal, and leaves two behind: one in a session of its own, one that has lost its environment.
const STUBBORN = `images:
- name: example/stubborn:1
  command: ["sh", "-c", "trap '' TERM HUP INT; (setsid sh -c 'trap : TERM HUP; sleep 9311 & wait' &); (env -i PATH=$PATH sleep 9312 &); while :; do sleep 9313; done"]
`;
const POD =
  "apiVersion: v1\nkind: Pod\nmetadata: { name: stubborn }\nspec: { containers: [{ name: a, image: example/stubborn:1 }] }\n";

describe("a lab of plain processes", () => {
  it.each([
    { killed: "lab", victims: (lab: number) => [lab] },
    { killed: "agent", victims: (_: number, agent: number) => [agent] },
    { killed: "lab and agent", victims: (lab: number, agent: number) => [lab, agent] },
  ])("leaves no process when kill -9 hits the $killed", async ({ killed, victims }) => {
    const home = homePaths(fresh(`plain ${killed}`));
    mkdirSync(home.directory, { mode: 0o700 });
    writeFileSync(home.images, STUBBORN);
    writeFileSync(fresh("stubborn.yaml"), POD);
    const flags = ["--runtime", "processes", "--home", home.directory];
    const started = await ordinal(["start", "--detach", ...flags, "-f", fresh("stubborn.yaml")]);
    expect(started.code, started.stderr).toBe(0);
    const sleeps = (): string[] => processesOf(home.directory).filter((one) => one.includes("sleep 931"));
    await eventually(() => expect(sleeps().length).toBeGreaterThanOrEqual(3), 10_000);
    const { pid = 0, agentPid = 0 } = readState(home) ?? {};
    for (const victim of victims(pid, agentPid)) process.kill(victim, "SIGKILL");
    await eventually(() => expect(processesOf(home.directory)).toEqual([]), 10_000);
    expect((await ordinal(["status", "--home", home.directory])).code).toBe(3);
  });
});

describe("a home", () => {
  it("with a damaged state file starts, and is not taken for a running lab's", async () => {
    const home = homePaths(fresh("damaged"));
    expect((await ordinal(["start", "--detach", "--empty", "--home", home.directory])).code).toBe(0);
    await ordinal(["stop", "--home", home.directory]);
    for (const text of ["null", "{}"]) {
      writeFileSync(home.state, text);
      expect((await ordinal(["stop", "--home", home.directory])).stdout, text).toMatch(/No lab is running/);
      expect((await ordinal(["status", "--home", home.directory])).code, text).toBe(3);
    }
    expect((await ordinal(["start", "--detach", "--empty", "--home", home.directory])).code).toBe(0);
    await ordinal(["stop", "--home", home.directory]);
  });

  it("that is removed while its lab runs ends the lab, with a sentence and without a process left", async () => {
    const home = homePaths(fresh("removed"));
    const lab = begin(["start", "--home", home.directory]);
    await eventually(() => expect(lab.words()).toContain("Press Ctrl-C"), 60_000);
    // Pods write meanwhile: the folders themselves may stay.
    rmSync(home.directory, { recursive: true, force: true, maxRetries: 3 });
    expect(await lab.ended).toBe(1);
    expect(lab.words()).toMatch(/removed was removed or replaced while the lab ran/);
    expect(processesOf(home.directory)).toEqual([]);
  });

  it("whose images.yaml is wrong does not start, and says where it is wrong", async () => {
    const home = homePaths(fresh("wrong images"));
    mkdirSync(home.directory, { mode: 0o700 });
    for (const [text, words] of [
      ["images: [a: b: c]\n", /^[^\n]+:\n[^\n]+images\.yaml:1: /],
      ["images:\n- name: a\n  comand: [sh]\n", /images\.yaml:3: .*comand/],
    ] as const) {
      writeFileSync(home.images, text);
      const refused = await ordinal(["start", "--home", home.directory]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(words);
      expect(refused.stderr).not.toMatch(/^ +at /m);
    }
  });

  it("with a damaged store does not start, says what is damaged and what to do, and is left as it is", async () => {
    const home = homePaths(fresh("torn"));
    expect((await ordinal(["start", "--detach", "--empty", "--home", home.directory])).code).toBe(0);
    await ordinal(["stop", "--home", home.directory]);
    const current = join(home.store, "CURRENT");
    truncateSync(current, 5);
    const refused = await ordinal(["start", "--empty", "--home", home.directory]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^The store in .*torn\/store is damaged: .*CURRENT.*; keep a copy of this folder, .*\.$/m,
    );
    expect(refused.stderr).not.toMatch(/^ +at /m);
    expect(statSync(current).size).toBe(5);
    expect((await ordinal(["status", "--home", home.directory])).code).toBe(3);
  });

  it("that cannot be written is refused in words by a detached start too", async () => {
    writeFileSync(fresh("plain"), "");
    const refused = await ordinal(["start", "--detach", "--home", join(fresh("plain"), "home")]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^[^\n]*is not a folder[^\n]*--home DIR[^\n]*\n$/);
  });
});
