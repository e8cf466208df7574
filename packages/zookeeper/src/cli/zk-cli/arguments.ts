import type { Output } from "./output.ts";

// Source: ZooKeeperMain.MyCommandOptions.

export interface CliArguments {
  readonly server: string;
  /** As given: what is no number shows only when it is used. */
  readonly timeout: string;
  readonly isReadOnly: boolean;
  readonly waitsForConnection: boolean;
  /** The path of a properties file. */
  readonly clientConfiguration: string | undefined;
  /** The words of the one command to run; undefined: a shell. */
  readonly command: readonly string[] | undefined;
}

/** Options first, then a command. Options that nobody knows are skipped, as the original does. */
export function parseArguments(args: readonly string[], output: Output): CliArguments {
  let server = "localhost:2181";
  let timeout = "30000";
  let isReadOnly = false;
  let waitsForConnection = false;
  let clientConfiguration: string | undefined;
  let command: readonly string[] | undefined;
  for (let at = 0; at < args.length; at++) {
    const option = args[at] ?? "";
    if (!option.startsWith("-")) {
      command = args.slice(at);
      break;
    }
    if (option === "-r") isReadOnly = true;
    else if (option === "-waitforconnection") waitsForConnection = true;
    if (option !== "-server" && option !== "-timeout" && option !== "-client-configuration") continue;
    const value = args[++at];
    if (value === undefined) {
      output.printError(`Error: no argument found for option ${option}`);
      break;
    }
    if (option === "-server") server = value;
    else if (option === "-timeout") timeout = value;
    else clientConfiguration = value;
  }
  return { server, timeout, isReadOnly, waitsForConnection, clientConfiguration, command };
}

const WORD = /\s*([^"']\S*|"[^"]*"|'[^']*')\s*/g;

/** A line of the shell as words; quotes keep a word together and go. */
export function splitLine(line: string): string[] {
  return [...line.matchAll(WORD)].map(([, word = ""]) => (/^(['"])(.*)\1$/.test(word) ? word.slice(1, -1) : word));
}
