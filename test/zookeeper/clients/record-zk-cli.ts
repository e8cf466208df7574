/**
 * Runs the original's zkCli.sh against the original server and writes what it does into `testdata`: some minutes.
 *
 *     node test/zookeeper/clients/record-zk-cli.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { startOriginal } from "../../../packages/zookeeper/src/testing/original.ts";
import { formatCases, Masks, parseCases, runCli, wordsOf, type CliCase, type CliOutcome } from "./zk-cli-cases.ts";
import { COMMANDS_FILE, ORIGINAL_CLI, SERVER_LINES, SHELLS_FILE } from "./zk-cli-setup.ts";

const folder = join(import.meta.dirname, "testdata");

async function recordCommands(): Promise<void> {
  const path = join(folder, COMMANDS_FILE);
  await using original = await startOriginal({ lines: SERVER_LINES });
  const masks = new Masks(original.connectString);
  const done: { case: CliCase; outcome: CliOutcome }[] = [];
  for (const one of parseCases(readFileSync(path, "utf8"), "$ ")) {
    const args = ["-server", original.connectString, ...wordsOf(one.input[0] ?? "")];
    done.push({ case: one, outcome: await runCli(ORIGINAL_CLI, args, [], masks) });
  }
  writeFileSync(path, formatCases(done, "$ "));
}

async function recordShells(): Promise<void> {
  const path = join(folder, SHELLS_FILE);
  const done: { case: CliCase; outcome: CliOutcome }[] = [];
  for (const one of parseCases(readFileSync(path, "utf8"), "## ")) {
    await using original = await startOriginal({ lines: SERVER_LINES });
    const args = ["-waitforconnection", "-server", original.connectString];
    done.push({ case: one, outcome: await runCli(ORIGINAL_CLI, args, one.input, new Masks(original.connectString)) });
  }
  writeFileSync(path, formatCases(done, "> "));
}

await recordCommands();
await recordShells();
