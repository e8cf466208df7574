import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { CLUSTER_KINDS } from "./clusters.ts";
import { Program } from "./program.ts";

describe.each(CLUSTER_KINDS)("node-zookeeper-client on $name", ({ isHere, start }) => {
  test.runIf(isHere)("locks, transactions, access; sessions and watches outlive kill -9 of each leader", async () => {
    await using cluster = await start({ size: 3 });
    const path = join(import.meta.dirname, "programs", "node-client.js");
    using client = new Program(process.execPath, [path, cluster.connectString]);
    for (const part of ["ok lock", "ok transaction", "ok access", "ready"]) expect(await client.line()).toBe(part);
    for (let round = 0; round < 3; round++) {
      const leader = (await cluster.leader()) ?? round;
      await cluster.kill(leader);
      client.say(`killed-${round}`);
      expect(await client.line()).toBe(`ok killed-${round}`);
      await cluster.restart(leader);
      client.say(`back-${round}`);
      expect(await client.line()).toBe(`ok back-${round}`);
    }
    expect(await client.end()).toEqual(["done"]);
  });
});
