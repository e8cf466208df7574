import { existsSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { CLUSTER_KINDS } from "./clusters.ts";
import { Program } from "./program.ts";

/** The C library's own shell, of Debian's package `zookeeper-bin`. It tells everything on standard error. */
const CLI_MT = "/usr/lib/zookeeper/bin/cli_mt";

describe.each(CLUSTER_KINDS)("the C client on $name", ({ isHere, start }) => {
  test.runIf(isHere && existsSync(CLI_MT))(
    "nodes, watches, and a session that outlives kill -9 of each leader",
    async () => {
      await using cluster = await start({ size: 3 });
      const connect = (): Program => new Program("/bin/sh", ["-c", `exec ${CLI_MT} -h ${cluster.connectString} 2>&1`]);
      using client = connect();
      const session = await client.lineWith("Got a new session id");
      const ask = async (program: Program, command: string, answer: string | RegExp): Promise<string> => {
        program.say(command);
        return await program.lineWith(answer);
      };
      /** Whoever was connected to a server that is gone finds another; what was on the way fails, and is asked again. */
      const insist = async (program: Program, command: string, ...codes: string[]): Promise<void> => {
        for (let code: string | undefined; code === undefined || !codes.includes(code);) {
          code = /(?:rc =|Error) (-?\d+)/.exec(await ask(program, command, /rc = |Error -/))?.[1];
        }
      };
      expect(await ask(client, "create /c", "rc =")).toBe("[/c]: rc = 0");
      expect(await ask(client, "create /c", "rc =")).toBe("[/c]: rc = -110");
      expect(await ask(client, "create +e /c/mine", "rc =")).toBe("[/c/mine]: rc = 0");
      expect(await ask(client, "create +e /c/mine/child", "rc =")).toBe("[/c/mine/child]: rc = -108");
      await ask(client, "create +s /c/s-", "name = /c/s-0000000001");
      await ask(client, "create2 +c /c/container", "rc = 0");
      expect(await ask(client, "set /c value", "rc =")).toBe("/c: rc = 0 Stat:");
      await ask(client, "get /c", "value_len = 5");
      expect(await client.line()).toBe("value");
      await ask(client, "ls2 /c", "s-0000000001");
      expect(await ask(client, "get /c/none", "rc =")).toBe("/c/none: rc = -101");
      expect(await ask(client, "delete /c", "rc =")).toBe("/c: rc = -111");
      expect(await ask(client, "sync /c", "rc =")).toBe("[/c]: rc = 0");
      await ask(client, "config", "server.3=");
      client.say("wexists /c/unborn");
      await client.lineWith("Error -101 for /c/unborn");
      using other = connect();
      await other.lineWith("Got a new session id");
      await ask(other, "create /c/unborn", "rc = 0");
      await client.lineWith("CREATED_EVENT state = CONNECTED_STATE for path /c/unborn");

      for (let round = 0; round < 3; round++) {
        await insist(client, `wexists /c/round-${round}`, "-101");
        const leader = (await cluster.leader()) ?? round;
        await cluster.kill(leader);
        await insist(other, `create /c/round-${round}`, "0", "-110");
        await client.lineWith(`CREATED_EVENT state = CONNECTED_STATE for path /c/round-${round}`);
        await cluster.restart(leader);
      }
      // The ephemeral node is still this session's.
      const id = /0x(\w+)/.exec(session)?.[1] ?? "";
      await ask(other, "get /c/mine", `ephemeralOwner = ${id}`);
      client.say("quit");
      await client.end();
      await insist(other, "get /c/mine", "-101");
      other.say("quit");
      await other.end();
    },
  );
});
