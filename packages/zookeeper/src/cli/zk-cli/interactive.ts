import { createInterface, type Interface } from "node:readline";

import { COMMAND_NAMES } from "./commands.ts";
import type { Output } from "./output.ts";
import type { ZkShell } from "./shell.ts";

/** What a shell ends with that is interrupted by its key. */
const INTERRUPTED = 130;
const HISTORY_SIZE = 500;

/**
 * Reads commands until the input ends or `quit`. At a terminal there are a prompt, history and completion of commands and
 * paths; a script on standard input gets none of it, as from an original without its line editor.
 */
export async function interact(shell: ZkShell, output: Output): Promise<void> {
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  output.print("Welcome to ZooKeeper!");
  output.print(`JLine support is ${isTerminal ? "enabled" : "disabled"}`);
  const lines = isTerminal ? terminalInterface(shell) : createInterface({ input: process.stdin, terminal: false });
  const prompt = (): void => {
    if (!isTerminal) return;
    lines.setPrompt(shell.prompt);
    lines.prompt();
  };
  prompt();
  for await (const line of lines) {
    await shell.runLine(line);
    if (shell.hasQuit) break;
    prompt();
  }
  lines.close();
}

function terminalInterface(shell: ZkShell): Interface {
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: true,
    historySize: HISTORY_SIZE,
    completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
      // oxlint-disable-next-line promise/no-callback-in-promise -- readline knows no promises
      void complete(shell, line).then((result) => done(null, result));
    },
  });
  lines.on("SIGINT", () => {
    lines.close();
    process.exit(INTERRUPTED);
  });
  return lines;
}

/**
 * What may follow, and the part of the line that it replaces: children of a node where the last word is a path, else commands.
 * Source: org.apache.zookeeper.JLineZNodeCompleter.
 */
export async function complete(shell: Pick<ZkShell, "client">, line: string): Promise<[string[], string]> {
  const word = line.slice(line.lastIndexOf(" ") + 1);
  if (!word.startsWith("/")) {
    const names = COMMAND_NAMES.filter((name) => name.startsWith(word));
    return [names.length === 1 ? names.map((name) => `${name} `) : names, word];
  }
  const slash = word.lastIndexOf("/");
  const name = word.slice(slash + 1);
  try {
    const children = (await shell.client?.getChildren(slash === 0 ? "/" : word.slice(0, slash))) ?? [];
    return [children.filter((child) => child.startsWith(name)).sort(), name];
  } catch {
    return [[], name]; // no such node, no connection: nothing to offer
  }
}
