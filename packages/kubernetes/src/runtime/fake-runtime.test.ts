import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { realClock } from "@ordinal/io";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { RuntimeBench, runtimeContract } from "./contract.ts";
import { FakeRuntime } from "./fake-runtime.ts";

describe("the fake runtime", () => {
  let directory: string;
  let runtime: FakeRuntime;
  let bench: RuntimeBench;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "fake-runtime-"));
    runtime = new FakeRuntime({ clock: realClock });
    bench = new RuntimeBench(runtime, directory, "127.77.");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it.each(runtimeContract)("$name", async (contract) => {
    expect.hasAssertions();
    await contract.run(bench);
    expect(runtime.kind).toBe("fake");
  });

  it("ends a container when a test says so", async () => {
    const config = bench.sandboxConfig();
    const pod = await runtime.createSandbox(config);
    const container = await pod.startContainer(bench.containerConfig(["sh"], { name: "c", stdin: true }));
    expect(runtime.endContainer(config.uid, "c", 2)).toBe(true);
    expect(await container.exited).toEqual({ exitCode: 2 });
    expect(runtime.endContainer(config.uid, "c", 2)).toBe(false);
    expect(runtime.endContainer("other", "c", 2)).toBe(false);
  });
});
