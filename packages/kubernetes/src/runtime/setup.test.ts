import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { containerEnvironment } from "./exec-environment.ts";
import { exitStatus } from "./exit-status.ts";
import { findExecutable } from "./find-executable.ts";
import { formatFstab } from "./fstab.ts";
import { parseLabSubnet } from "./lab-network.ts";
import { readSetupReport } from "./setup-report.ts";

describe("a line of an fstab", () => {
  it("holds any path", () => {
    const entry = { source: "/a b\\c", target: "/t\tx", type: "none", options: "rbind,ro" };
    expect(formatFstab([entry])).toBe("/a\\040b\\134c /t\\011x none rbind,ro 0 0\n");
  });
});

describe("a lab's subnet", () => {
  it("gives the bridge and the range of services", () => {
    expect(parseLabSubnet("127.10.0.0/16")).toEqual({
      number: 10,
      bridgeAddress: "127.10.0.1",
      serviceRange: "127.10.240.0/20",
    });
  });

  it.each(["127.0.0.0/16", "127.256.0.0/16", "10.1.0.0/16", "127.10.0.0/8", "127.10.1.0/16", "", "127.1.0.0/16 x"])(
    "%j is none",
    (subnet) => expect(() => parseLabSubnet(subnet)).toThrow("not a lab's subnet"),
  );
});

describe("an exit status", () => {
  it("is the code, or 128 and the signal", () => {
    expect(exitStatus(3, null)).toEqual({ exitCode: 3 });
    expect(exitStatus(null, "SIGKILL")).toEqual({ exitCode: 137, signal: 9 });
    expect(exitStatus(0, 15)).toEqual({ exitCode: 143, signal: 15 });
    expect(exitStatus(0, 0)).toEqual({ exitCode: 0 });
  });
});

describe("a container's environment", () => {
  it("has a PATH, a home and a name, and each name once with its last value", () => {
    const env = [
      ["A", "1"],
      ["PATH", "/p"],
      ["A", "2=3"],
    ] as const;
    const { assignments, path } = containerEnvironment(env, { hostname: "web-0", home: "/root", tty: true });
    expect(path).toBe("/p");
    expect(assignments.toSorted()).toEqual(["A=2=3", "HOME=/root", "HOSTNAME=web-0", "PATH=/p", "TERM=xterm"]);
  });
});

describe("a program is looked for", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "find-executable-"));
    mkdirSync(join(folder, "one/app"), { recursive: true });
    mkdirSync(join(folder, "two"));
    writeFileSync(join(folder, "two/app"), "");
    chmodSync(join(folder, "two/app"), 0o755);
    writeFileSync(join(folder, "two/data"), "");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("on the PATH, where folders and plain files do not count", () => {
    const path = `${folder}/one:${folder}/two`;
    expect(findExecutable("app", path, "/")).toBe(join(folder, "two/app"));
    expect(findExecutable("./two/app", path, folder)).toBe(join(folder, "two/app"));
    const missing = 'exec: "data": executable file not found in $PATH';
    expect(() => findExecutable("data", path, "/")).toThrow(missing);
    expect(() => findExecutable("", path, "/")).toThrow('exec: "": executable file not found in $PATH');
    expect(() => findExecutable(`${folder}/two/data`, path, "/")).toThrow("permission denied");
    expect(() => findExecutable(`${folder}/one/app`, path, "/")).toThrow("is a directory");
    expect(() => findExecutable("/no/such", path, "/")).toThrow("stat /no/such: no such file or directory");
  });
});

describe("the report of a setup script", () => {
  const after = (...chunks: readonly string[]) => {
    const report = new PassThrough();
    const result = readSetupReport(report, undefined);
    for (const chunk of chunks) report.write(chunk);
    report.end();
    return result;
  };

  it("is heard however it is cut into pieces", async () => {
    await expect(after("started 12", "3\n")).resolves.toEqual({ words: ["123"] });
    await expect(after("ready\n")).resolves.toEqual({ words: [] });
  });

  it("is a refusal in the script's words", async () => {
    await expect(after('error exec: "x": permission denied\n')).rejects.toThrow('exec: "x": permission denied');
  });

  it("has the tools' complaints when it breaks off or a step fails", async () => {
    await expect(after("mount: no\n")).rejects.toThrow("ended before it was set up: mount: no");
    await expect(after("mount: /x: no such device\n", "error cannot make mounts\n")).rejects.toThrow(
      "cannot make mounts: mount: /x: no such device",
    );
  });
});
