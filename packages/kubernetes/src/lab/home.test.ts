import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import {
  type Home,
  HomeError,
  homePaths,
  isRunning,
  openHome,
  processStart,
  readForwards,
  readState,
  writeForwards,
  writeState,
} from "./home.ts";

let folder: string;
let home: Home;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ordinal-home-"));
  home = homePaths(join(folder, "home"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const STATE = {
  format: 1,
  pid: process.pid,
  pidStart: processStart(process.pid) ?? "",
  apiPort: 6443,
  dnsPort: 5300,
  subnet: 16,
  runtime: "namespaces",
  starting: false,
  ready: true,
} as const;

describe("the state of a lab", () => {
  it("is read as it was written", () => {
    openHome(home.directory);
    writeState(home, STATE);
    expect(readState(home)).toEqual(STATE);
    expect(isRunning(readState(home))).toBe(true);
  });

  it.each(["", "null", "{}", "[]", "7", '"x"', '{"pid":', JSON.stringify({ ...STATE, pid: "1" })])(
    "is none when the file holds %s",
    (text) => {
      openHome(home.directory);
      writeFileSync(home.state, text);
      expect(readState(home)).toBeUndefined();
      expect(isRunning(readState(home))).toBe(false);
    },
  );

  it.each([
    { apiPort: 99_999 },
    { dnsPort: -1 },
    { subnet: 1e9 },
    { runtime: "vm" },
    { agentPid: "x" },
    { pidStart: 1 },
  ])("is none with %j in it", (wrong) => {
    openHome(home.directory);
    writeFileSync(home.state, JSON.stringify({ ...STATE, ...wrong }));
    expect(readState(home)).toBeUndefined();
  });

  it("does not take another program under a reused pid for the lab", () => {
    expect(isRunning({ ...STATE, pidStart: "1" })).toBe(false);
    expect(isRunning({ ...STATE, pid: 0, pidStart: "" })).toBe(false);
  });
});

describe("the list of forwards", () => {
  it("is read as it was written, and is empty when the file holds anything else", () => {
    openHome(home.directory);
    const row = { kind: "pod", address: "127.16.0.10", port: 80, hostPort: 80, target: "default/web-0" } as const;
    writeForwards(home, [row]);
    expect(readForwards(home)).toEqual([row]);
    for (const text of ["", "null", "{}", "[1]", "[null]", "[{"]) {
      writeFileSync(home.forwards, text);
      expect(readForwards(home), text).toEqual([]);
    }
  });
});

describe("opening a home", () => {
  it("leaves no other file than a lab's, and opens again", () => {
    openHome(home.directory);
    openHome(home.directory);
    expect(readdirSync(home.directory).sort()).toEqual(["cache", "logs", "pods", "store", "version", "volumes"]);
  });

  it("can be repeated after a start that broke off in the middle", () => {
    openHome(home.directory);
    for (const folder of ["cache", "logs", "pods", "volumes"])
      rmSync(join(home.directory, folder), { recursive: true });
    // As soon as there is a store there is a version: a folder with only the first of them is someone else's.
    expect(() => openHome(home.directory)).not.toThrow();
    rmSync(join(home.directory, "version"));
    expect(() => openHome(home.directory)).toThrow(/version file is gone/);
  });

  it.each(["", "one", "-1"])("names a version file that holds %j as damaged, with the remedy", (text) => {
    openHome(home.directory);
    writeFileSync(join(home.directory, "version"), text);
    expect(() => openHome(home.directory)).toThrow(/version is damaged.*write 1 into the file/);
  });

  it("makes it its owner's alone, whatever the umask", () => {
    const mask = process.umask(0);
    try {
      mkdirSync(join(folder, "wide"), { mode: 0o777 });
      for (const { directory } of [openHome(home.directory), openHome(join(folder, "wide"))])
        expect(statSync(directory).mode & 0o777).toBe(0o700);
    } finally {
      process.umask(mask);
    }
  });

  it.runIf(process.getuid?.() === 0)("refuses a folder that another user made, and writes nothing there", () => {
    mkdirSync(home.directory);
    chownSync(home.directory, 4711, 4711);
    expect(() => openHome(home.directory)).toThrow(HomeError);
    expect(existsSync(join(home.directory, "version"))).toBe(false);
    expect(statSync(home.directory).mode & 0o777).not.toBe(0o700);
  });
});
