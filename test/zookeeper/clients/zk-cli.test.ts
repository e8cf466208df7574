import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { isOriginalInstalled } from "../../../packages/zookeeper/src/testing/original.ts";
import { CLUSTER_KINDS, type Cluster } from "./clusters.ts";
import { Masks, parseCases, runCli, runOurs, wordsOf, type CliCase, type CliOutcome } from "./zk-cli-cases.ts";
import { COMMANDS_FILE, ORIGINAL_CLI, OUR_CLI, SERVER_LINES, SHELLS_FILE } from "./zk-cli-setup.ts";

// What our zkCli.sh does on a server, ours or the original, is what the original's did on the original.

function casesOf(file: string, marker: "$ " | "## "): CliCase[] {
  return parseCases(readFileSync(join(import.meta.dirname, "testdata", file), "utf8"), marker);
}

describe.each(CLUSTER_KINDS)("zkCli.sh on $name", ({ isHere, start }) => {
  const startOne = (): Promise<Cluster> => start({ size: 1, lines: SERVER_LINES });

  describe.runIf(isHere)("one command after another", () => {
    let server: Cluster;
    let masks: Masks;
    beforeAll(async () => {
      server = await startOne();
      masks = new Masks(server.connectString);
    });
    afterAll(() => server[Symbol.asyncDispose]());

    const cases = casesOf(COMMANDS_FILE, "$ ");
    test(`${cases.length} commands`, async () => {
      const different: { command: string; outcome: CliOutcome; expected: CliOutcome }[] = [];
      for (const { input, expected } of cases) {
        const command = input[0] ?? "";
        const outcome = await runOurs(["-server", server.connectString, ...wordsOf(command)], masks);
        if (!isSame(outcome, expected)) different.push({ command, outcome, expected });
      }
      expect(different).toEqual([]);
    });

    test.each([
      ["ls /deep", ["Connecting to SERVER", "[er]"], [], 0],
      ["create /streams", ["Connecting to SERVER"], ["Created /streams"], 0],
      ["get /nothing", ["Connecting to SERVER"], ["Node does not exist: /nothing"], 1],
    ])("%s as a process of its own", async (command, output, errors, exitCode) => {
      const outcome = await runCli(OUR_CLI, ["-server", server.connectString, ...wordsOf(command)], [], masks);
      expect(outcome).toEqual({ output, events: [], errors, exitCode });
    });

    test("an unknown command as a process of its own ends with 127", async () => {
      const { exitCode } = await runCli(OUR_CLI, ["-server", server.connectString, "bogus"], [], masks);
      expect(exitCode).toBe(127);
    });
  });

  describe.runIf(isHere)("a shell", () => {
    for (const { before, input, expected } of casesOf(SHELLS_FILE, "## ")) {
      test((before.at(-1) ?? "").slice(3), async () => {
        await using server = await startOne();
        const args = ["-waitforconnection", "-server", server.connectString];
        expect(await runCli(OUR_CLI, args, input, new Masks(server.connectString))).toEqual(expected);
      });
    }
  });
});

describe.runIf(isOriginalInstalled())("the original's zkCli.sh on our server", () => {
  for (const { before, input, expected } of casesOf(SHELLS_FILE, "## ")) {
    // The JVM prints events and results from two threads, and on a busy machine not always in the recorded order.
    test((before.at(-1) ?? "").slice(3), { retry: 2 }, async () => {
      const ours = CLUSTER_KINDS.find(({ name }) => name === "ours");
      if (ours === undefined) throw new Error("no servers of ours");
      await using server = await ours.start({ size: 1, lines: SERVER_LINES });
      const args = ["-waitforconnection", "-server", server.connectString];
      expect(await runCli(ORIGINAL_CLI, args, input, new Masks(server.connectString))).toEqual(expected);
    });
  }
});

function isSame(outcome: CliOutcome, expected: CliOutcome): boolean {
  return JSON.stringify(outcome) === JSON.stringify(expected);
}
