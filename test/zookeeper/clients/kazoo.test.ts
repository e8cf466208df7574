import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { takePorts } from "../../../packages/zookeeper/src/ensemble/port-block.ts";
import { CLUSTER_KINDS } from "./clusters.ts";
import { Program, PYTHON } from "./program.ts";
import { JAAS_SERVER, secureLines, secureProperties, TLS_FILES } from "./security.ts";

const program = (name: string): string => join(import.meta.dirname, "programs", name);

describe.each(CLUSTER_KINDS)("kazoo, the Python client, on $name", ({ isHere, start }) => {
  test.runIf(isHere)("recipes: locks, elections, barriers, queues, counters, parties, watches, access", async () => {
    await using cluster = await start({ size: 3 });
    using recipes = new Program(PYTHON, [program("recipes.py"), cluster.connectString]);
    const done = await recipes.end();
    expect(done).toHaveLength(13);
  });

  test.runIf(isHere)("sessions, locks and watches outlive each member's kill -9, and no write is lost", async () => {
    await using cluster = await start({ size: 3 });
    using failover = new Program(PYTHON, [program("failover.py"), cluster.connectString]);
    expect(await failover.line()).toBe("ready");
    for (let round = 0; round < 3; round++) {
      // The leader each time: who follows it has to lead.
      const leader = (await cluster.leader()) ?? round;
      await cluster.kill(leader);
      failover.say(`killed-${round}`);
      expect(await failover.line()).toBe("ok");
      await cluster.restart(leader);
      failover.say(`back-${round}`);
      expect(await failover.line()).toBe("ok");
    }
    expect(await failover.end()).toEqual([expect.stringMatching(/^done \d+$/)]);
  });

  describe.runIf(isHere)("security", () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "kazoo-"));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test("TLS with a certificate of the client", async () => {
      const block = await takePorts(1);
      const [port = 0] = block.ports;
      await using cluster = await start({ size: 1, lines: secureLines(port), properties: secureProperties() });
      expect(cluster.ports).toHaveLength(1);
      const { serverCertificate, clientKey } = TLS_FILES;
      const args = ["tls", `localhost:${port}`, serverCertificate, clientKey, clientKey];
      using secure = new Program(PYTHON, [program("secure.py"), ...args]);
      expect(await secure.end()).toEqual(["ok"]);
      await block.release();
    });

    test("SASL DIGEST-MD5", async () => {
      const file = join(folder, "server.jaas");
      writeFileSync(file, JAAS_SERVER);
      await using cluster = await start({
        size: 1,
        lines: ["authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider"],
        properties: { "java.security.auth.login.config": file },
      });
      using secure = new Program(PYTHON, [program("secure.py"), "sasl", cluster.connectString, "bob", "bobsecret"]);
      expect(await secure.end()).toEqual(["ok"]);
    });
  });
});
