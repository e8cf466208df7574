import type { WatchedEvent } from "../../client/watched-event.ts";
import { describeEvent } from "../../client/watched-event.ts";
import type { ZooKeeperClient } from "../../client/zookeeper-client.ts";
import { KeeperState, EventType } from "../../jute/proto-records.ts";
import { splitLine, type CliArguments } from "./arguments.ts";
import { CliError, EXIT_COMMAND_NOT_FOUND, UncaughtError } from "./cli-error.ts";
import { isCommand, loadCommand, printUsage } from "./commands.ts";
import { decodeJavaInt, mustBeJavaInt } from "./java-numbers.ts";
import type { Output } from "./output.ts";

// Source: org.apache.zookeeper.ZooKeeperMain.

/** Makes a client of a connect string; throws `UncaughtError` for what ends the original. */
export type MakeClient = (
  server: string,
  timeoutMs: number,
  watcher: (event: WatchedEvent) => void,
) => Promise<ZooKeeperClient>;

/** How many lines `history` goes back. */
const HISTORY_LINES = 10;

/** The shell's state: a client, what was typed, whether events are printed. */
export class ZkShell {
  readonly #args: CliArguments;
  readonly #output: Output;
  readonly #makeClient: MakeClient;
  readonly #history = new Map<number, string>();
  #client: ZooKeeperClient | undefined;
  #server = "";
  #count = 0;
  #printsWatches = true;
  #exitCode = 0;
  #hasQuit = false;

  constructor(args: CliArguments, output: Output, makeClient: MakeClient) {
    this.#args = args;
    this.#output = output;
    this.#makeClient = makeClient;
  }

  /** Of the last command. */
  get exitCode(): number {
    return this.#exitCode;
  }

  /** `quit` was given. */
  get hasQuit(): boolean {
    return this.#hasQuit;
  }

  get client(): ZooKeeperClient | undefined {
    return this.#client;
  }

  get prompt(): string {
    return `[zk: ${this.#server}(${this.#client?.state ?? "NOT_CONNECTED"}) ${this.#count}] `;
  }

  /** To the server of the command line. */
  async start(): Promise<void> {
    this.#output.print(`Connecting to ${this.#args.server}`);
    await this.#connect(this.#args.server);
  }

  async #connect(server: string): Promise<void> {
    if (this.#client?.isAlive === true) await this.#client.close();
    this.#server = server;
    const timeoutMs = mustBeJavaInt(this.#args.timeout);
    const connected = Promise.withResolvers<void>();
    const client = await this.#makeClient(server, timeoutMs, (event) => {
      if (this.#printsWatches) {
        this.#output.print("\nWATCHER::");
        this.#output.print(`\n${describeEvent(event)}`);
      }
      if (event.type === EventType.none && event.state === KeeperState.syncConnected) connected.resolve();
    });
    this.#client = client;
    if (!this.#args.waitsForConnection) return;
    const timer = setTimeout(() => {
      client.abandon();
      connected.reject(
        new UncaughtError(
          "java.io.IOException",
          "org.apache.zookeeper.KeeperException$ConnectionLossException: KeeperErrorCode = ConnectionLoss",
        ),
      );
    }, timeoutMs);
    try {
      await connected.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A line as somebody typed it; empty ones do not count. */
  async runLine(line: string): Promise<void> {
    if (line === "") return;
    this.#history.set(this.#count, line);
    await this.runCommand(splitLine(line));
    this.#count++;
  }

  /** One command; what fails is told. Only `UncaughtError` and errors of this program come out. */
  async runCommand(words: readonly string[]): Promise<void> {
    try {
      await this.#run(words);
      // `quit` ends with what the command before it left.
      if (!this.#hasQuit) this.#exitCode = 0;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      this.#exitCode = error.exitCode;
      this.#output.printError(error.message);
    }
  }

  async #run(words: readonly string[]): Promise<void> {
    const [name] = words;
    if (name === undefined) {
      await printUsage(this.#output);
      throw new CliError("No command entered");
    }
    if (!isCommand(name)) {
      await printUsage(this.#output);
      throw new CliError(`Command not found: Command not found ${name}`, EXIT_COMMAND_NOT_FOUND);
    }
    await this.#runOwn(name, words);
    if (this.#hasQuit) return;
    // All but the shell's own commands need a session, and the original looks after those too.
    if (this.#client?.isAlive !== true) {
      this.#output.print("Not connected");
      return;
    }
    const command = await loadCommand(name);
    await command?.run(words, { client: this.#client, output: this.#output });
  }

  async #runOwn(name: string, [, argument]: readonly string[]): Promise<void> {
    switch (name) {
      case "quit":
        await this.#client?.close();
        this.#hasQuit = true;
        break;
      case "redo":
        if (argument !== undefined) await this.#redo(decodeJavaInt(argument));
        break;
      case "history":
        for (let at = Math.max(0, this.#count - HISTORY_LINES); at <= this.#count; at++) {
          this.#output.print(`${at} - ${this.#history.get(at) ?? "null"}`);
        }
        break;
      case "printwatches":
        if (argument === undefined) this.#output.print(`printwatches is ${this.#printsWatches ? "on" : "off"}`);
        else this.#printsWatches = argument === "on";
        break;
      case "connect":
        await this.#connect(argument ?? this.#server);
        break;
    }
  }

  async #redo(index: number): Promise<void> {
    if (this.#count <= index || index < 0) throw new CliError("Command index out of range");
    const line = this.#history.get(index) ?? "";
    const words = splitLine(line);
    if (words[0] === "redo") throw new CliError("No redoing redos");
    this.#history.set(this.#count, line);
    await this.runCommand(words);
  }
}
