import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { takePorts } from "../../../packages/zookeeper/src/ensemble/port-block.ts";
import { isOriginalInstalled } from "../../../packages/zookeeper/src/testing/original.ts";
import { CLUSTER_KINDS } from "./clusters.ts";
import { JAAS_SERVER, jaasClient, SECURE_CLIENT_PROPERTIES, secureLines, secureProperties } from "./security.ts";
import { Masks, runCli } from "./zk-cli-cases.ts";
import { ORIGINAL_CLI, OUR_CLI } from "./zk-cli-setup.ts";

const CLIENT_KINDS = [
  { client: "our zkCli.sh", program: OUR_CLI, isThere: true },
  { client: "the original's zkCli.sh", program: ORIGINAL_CLI, isThere: isOriginalInstalled() },
];

describe.each(CLUSTER_KINDS)("on $name", ({ isHere, start }) => {
  let folder: string;
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "zk-cli-security-"));
    // The class path of Debian's zkCli.sh lacks a part of TLS; a later -cp goes before an earlier one.
    process.env["CLIENT_JVMFLAGS"] =
      `-cp ${["zookeeper", "netty-codec", "netty-resolver"].map((name) => `/usr/share/java/${name}.jar`).join(":")}`;
  });
  afterEach(() => {
    delete process.env["JVMFLAGS"];
  });
  afterAll(() => {
    delete process.env["CLIENT_JVMFLAGS"];
    rmSync(folder, { recursive: true, force: true });
  });

  for (const { client, program, isThere } of CLIENT_KINDS) {
    test.runIf(isHere && isThere)(`${client} comes through TLS, and is who its certificate says`, async () => {
      const block = await takePorts(1);
      const [port = 0] = block.ports;
      await using cluster = await start({ size: 1, lines: secureLines(port), properties: secureProperties() });
      const configuration = file("client.properties", SECURE_CLIENT_PROPERTIES);
      const run = (...words: string[]): ReturnType<typeof runCli> =>
        runCli(
          program,
          ["-client-configuration", configuration, "-server", `localhost:${port}`, ...words],
          [],
          new Masks(`localhost:${port}`),
        );
      expect(await run("create", "/tls", "x", "auth::cdrwa")).toMatchObject({ errors: ["Created /tls"], exitCode: 0 });
      expect((await run("get", "/tls")).output).toContain("x");
      expect((await run("getAcl", "/tls")).output.join("\n")).toMatch(/^'x509,'.*CN=cli/m);
      expect((await run("whoami")).output.join("\n")).toMatch(/^x509: .*CN=cli/m);
      expect(cluster.ports).toHaveLength(1);
      await block.release();
    });

    test.runIf(isHere && isThere)(`${client} proves a password by SASL`, async () => {
      const serverFile = file("server.jaas", JAAS_SERVER);
      await using cluster = await start({
        size: 1,
        lines: ["authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider"],
        properties: { "java.security.auth.login.config": serverFile },
      });
      const run = (login: string | undefined, input: string[]): ReturnType<typeof runCli> => {
        process.env["JVMFLAGS"] = login === undefined ? "" : `-Djava.security.auth.login.config=${login}`;
        const args = ["-waitforconnection", "-server", cluster.connectString];
        return runCli(program, args, input, new Masks(cluster.connectString));
      };
      const bob = file("bob.jaas", jaasClient("bob", "bobsecret"));
      const mine = await run(bob, ["create /sasl secret sasl:bob:cdrwa", "get /sasl"]);
      expect(mine.errors).toEqual(["Created /sasl"]);
      expect(mine.output).toContain("secret");
      expect(mine.events).toContain("WatchedEvent state:SaslAuthenticated type:None path:null");
      const other = await run(undefined, ["get /sasl"]);
      expect(other.errors).toEqual(["Insufficient permission : /sasl"]);
      const wrong = await run(file("wrong.jaas", jaasClient("bob", "wrong")), ["get /sasl"]);
      expect(wrong.events).toContain("WatchedEvent state:AuthFailed type:None path:null");
      expect(wrong.output).not.toContain("secret");
    });
  }
});
