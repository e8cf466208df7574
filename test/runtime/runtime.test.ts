import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { runtimeContract } from "../../packages/kubernetes/src/runtime/contract.ts";
import { probeNamespaces } from "../../packages/kubernetes/src/runtime/lab-namespaces.ts";
import { findMarked, HOME_MARK, POD_MARK } from "../../packages/kubernetes/src/runtime/pod-marks.ts";
import { processContract } from "../../packages/kubernetes/src/runtime/process-contract.ts";
import { sweepLeftovers } from "../../packages/kubernetes/src/runtime/sweep-leftovers.ts";
import { LabUnderTest, noneLeft, usersToTest } from "./lab-under-test.ts";
import { namespacesCases } from "./namespaces-cases.ts";

const contract = [...runtimeContract, ...processContract];
const users = usersToTest();
const probe = await probeNamespaces(tmpdir());

describe.runIf(probe.ok).each(users)("pods in namespaces, started by $name", (user) => {
  let lab: LabUnderTest;
  beforeAll(async () => {
    lab = await LabUnderTest.start("namespaces", user, "127.77.0.0/16");
  });
  afterAll(() => lab.stop());

  it.each([...contract, ...namespacesCases])("$name", async ({ name }) => {
    expect(await lab.run(name)).toBe(name);
  });

  it("leave no link, mount, file or process behind", async () => {
    expect(await lab.run("nothing is left of the pods before")).toBe("nothing is left of the pods before");
  });
});

describe.runIf(probe.ok).each(users)("a lab in namespaces that is killed by SIGKILL, started by $name", (user) => {
  it("leaves no process, and the machine's mounts and links as they were", async () => {
    const surroundings = () => [
      readFileSync("/proc/self/mountinfo", "utf8"),
      readFileSync("/proc/self/net/dev", "utf8").match(/^\s*\S+:/gm),
    ];
    const before = surroundings();
    const lab = await LabUnderTest.start("namespaces", user, "127.78.0.0/16");
    await lab.run("leave pods running");
    expect(lab.processesInside().length).toBeGreaterThan(6);
    await lab.killHard();
    await noneLeft(() => lab.processesInside());
    expect(surroundings()).toEqual(before);
    await lab.stop();
  });
});

describe.each(users)("pods as plain processes, started by $name", (user) => {
  let lab: LabUnderTest;
  beforeAll(async () => {
    lab = await LabUnderTest.start("processes", user, "127.79.0.0/16");
  });
  afterAll(() => lab.stop());

  it.each(contract)("$name", async ({ name }) => {
    expect(await lab.run(name)).toBe(name);
  });

  it("leave no file behind", async () => {
    expect(await lab.run("nothing is left of the pods before")).toBe("nothing is left of the pods before");
  });
});

describe("a lab of plain processes that is killed by SIGKILL", () => {
  it("leaves what the next start sweeps away, and nothing else is touched", async () => {
    const [user] = users;
    if (user === undefined) throw new Error("nobody to run as");
    const other = realpathSync(mkdtempSync(join(tmpdir(), "other-home-")));
    const bystanders = [{ [HOME_MARK]: other, [POD_MARK]: "x" }, { [HOME_MARK]: "set by a person" }].map((env) =>
      spawn("sleep", ["1000"], { env: { ...process.env, ...env }, stdio: "ignore" }),
    );
    const lab = await LabUnderTest.start("processes", user, "127.80.0.0/16");
    await lab.run("leave pods running");
    await lab.killHard();
    const home = realpathSync(lab.home);
    expect(await sweepLeftovers(home)).toBeGreaterThan(0);
    await noneLeft(() => findMarked({ [HOME_MARK]: home, [POD_MARK]: undefined }));
    expect(bystanders.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([null, null]);
    expect(findMarked({ [HOME_MARK]: other, [POD_MARK]: "x" })).toEqual([bystanders[0]?.pid]);
    for (const bystander of bystanders) bystander.kill("SIGKILL");
    rmSync(other, { recursive: true });
    await lab.stop();
  });
});
