import { existsSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { isOriginalInstalled, startOriginal } from "../../packages/zookeeper/src/testing/original.ts";
import { until } from "../eventually.ts";

describe.skipIf(!isOriginalInstalled())("the launcher of the original", () => {
  test("starts one that stands alone and leaves nothing behind", async () => {
    const ensemble = await startOriginal();
    expect(await ensemble.leader()).toBe(0);
    expect(await ensemble.server(0).fourLetterWord("ruok")).toBe("imok");
    const { pid, directory } = ensemble.server(0);
    await ensemble.stop();
    expect(() => process.kill(pid ?? 0, 0)).toThrow();
    expect(existsSync(directory)).toBe(false);
  });

  test("starts three, of which another leads after the leader's kill, and takes the killed one back", async () => {
    await using ensemble = await startOriginal({ size: 3, lines: ["snapCount=1000"] });
    const first = await ensemble.leader();
    const server = ensemble.server(first ?? -1);
    await server.kill();
    const second = await until("another leader", () => ensemble.leader());
    expect(second).not.toBe(first);
    server.start();
    expect(await server.ready()).toBe("follower");
    expect(await server.fourLetterWord("envi")).toContain("zookeeper.version=3.8.0");
  });
});
