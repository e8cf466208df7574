/**
 * The command `zkCli.sh`: one command of the command line, or a shell.
 *
 * Source: org.apache.zookeeper.ZooKeeperMain.
 */
import { parseArguments } from "./arguments.ts";
import { UncaughtError } from "./cli-error.ts";
import { makeClientFor } from "./connect.ts";
import { standardOutput, type Output } from "./output.ts";
import { ZkShell } from "./shell.ts";

/** Runs the command line; resolves with the exit code. The session is left to the server, as the original leaves it. */
export async function main(args: readonly string[], output: Output = standardOutput): Promise<number> {
  const cliArguments = parseArguments(args, output);
  const shell = new ZkShell(cliArguments, output, makeClientFor(cliArguments));
  try {
    await shell.start();
    if (cliArguments.command === undefined) await (await import("./interactive.ts")).interact(shell, output);
    else await shell.runCommand(cliArguments.command);
    return shell.exitCode;
  } catch (error) {
    if (!(error instanceof UncaughtError)) throw error;
    output.printError(error.line);
    return error.exitCode;
  } finally {
    shell.client?.abandon();
  }
}
