import { spawn, type IPty } from "@lydell/node-pty";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { until } from "../../eventually.ts";
import { CLUSTER_KINDS, type Cluster } from "./clusters.ts";
import { OUR_CLI } from "./zk-cli-setup.ts";

const UP = "\u001B[A";
const TAB = "\t";
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";

/** zkCli.sh at a terminal, and what the terminal shows. */
class Terminal implements Disposable {
  readonly #pty: IPty;
  readonly ended: Promise<number>;
  #text = "";

  constructor(server: string) {
    const [program = "", ...args] = OUR_CLI;
    this.#pty = spawn(program, [...args, "-server", server], { cols: 200, rows: 50, name: "xterm" });
    this.#pty.onData((data) => (this.#text += data));
    this.ended = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => resolve(exitCode));
    });
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  /** Waits until this is shown, after all that was waited for before. */
  async shows(text: string): Promise<void> {
    await until(`${JSON.stringify(text)} in ${JSON.stringify(this.#text)}`, () => {
      const at = this.#text.indexOf(text);
      if (at < 0) return false;
      this.#text = this.#text.slice(at + text.length);
      return true;
    });
  }

  [Symbol.dispose](): void {
    this.#pty.kill("SIGKILL");
  }
}

describe("zkCli.sh at a terminal", () => {
  let cluster: Cluster;
  let address: string;
  beforeAll(async () => {
    const ours = CLUSTER_KINDS.find(({ name }) => name === "ours");
    if (ours === undefined) throw new Error("no servers of ours");
    cluster = await ours.start({ size: 1 });
    address = cluster.connectString;
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  async function open(): Promise<Terminal> {
    const terminal = new Terminal(address);
    await terminal.shows("JLine support is enabled");
    await terminal.shows("WatchedEvent state:SyncConnected type:None path:null");
    // The prompt that was there already tells of the connection as it was then.
    terminal.type("\r");
    await terminal.shows(`[zk: ${address}(CONNECTED) 0] `);
    return terminal;
  }

  test("has a prompt that counts the commands, and ends with quit", async () => {
    using terminal = await open();
    terminal.type("create /prompt x\r");
    await terminal.shows("Created /prompt");
    await terminal.shows(`[zk: ${address}(CONNECTED) 1] `);
    terminal.type("\r");
    await terminal.shows(`[zk: ${address}(CONNECTED) 1] `);
    terminal.type("close\r");
    await terminal.shows("WatchedEvent state:Closed type:None path:null");
    await terminal.shows(`[zk: ${address}(CLOSED) 2] `);
    terminal.type("ls /\r");
    await terminal.shows("Not connected");
    terminal.type("quit\r");
    expect(await terminal.ended).toBe(0);
  });

  test("completes commands and paths", async () => {
    using terminal = await open();
    terminal.type("create /complete\r");
    await terminal.shows("Created /complete");
    terminal.type("create /complete/only-child\r");
    await terminal.shows("Created /complete/only-child");
    await terminal.shows("(CONNECTED) 2] ");
    terminal.type(`getAllC${TAB}`);
    await terminal.shows("hildrenNumber ");
    terminal.type(`/comp${TAB}`);
    await terminal.shows("lete");
    terminal.type("\r");
    await terminal.shows("1\r\n");
    await terminal.shows("(CONNECTED) 3] ");
    terminal.type(`ls /complete/o${TAB}`);
    await terminal.shows("nly-child");
    terminal.type("\r");
    await terminal.shows("[]");
    await terminal.shows("(CONNECTED) 4] ");
    terminal.type(`get /nothing/here${TAB}`);
    await terminal.shows("here");
    terminal.type("\r");
    await terminal.shows("Node does not exist: /nothing/here");
    await terminal.shows("(CONNECTED) 5] ");
    terminal.type("set");
    // Several: the second TAB lists them, once the first has found so.
    const asking = setInterval(() => terminal.type(TAB), 200);
    await terminal.shows("setAcl");
    await terminal.shows("setquota");
    clearInterval(asking);
  });

  test("remembers what was typed", async () => {
    using terminal = await open();
    terminal.type("create -s /again-\r");
    await terminal.shows("Created /again-");
    await terminal.shows("(CONNECTED) 1] ");
    terminal.type(`${UP}\r`);
    await terminal.shows("create -s /again-");
    await terminal.shows("Created /again-");
    await terminal.shows("(CONNECTED) 2] ");
    terminal.type("history\r");
    await terminal.shows("0 - create -s /again-\r\n1 - create -s /again-\r\n2 - history");
  });

  test("shows events as they come", async () => {
    using terminal = await open();
    terminal.type("addWatch /seen\r");
    await terminal.shows("(CONNECTED) 1] ");
    using other = await open();
    other.type("create /seen\r");
    await terminal.shows("WATCHER::");
    await terminal.shows("WatchedEvent state:SyncConnected type:NodeCreated path:/seen");
  });

  test("ends with the end of its input, and by Ctrl-C", async () => {
    using first = await open();
    first.type("bogus\r");
    await first.shows("Command not found bogus");
    await first.shows("(CONNECTED) 1] ");
    first.type(CTRL_D);
    expect(await first.ended).toBe(127);
    using second = await open();
    second.type(CTRL_C);
    expect(await second.ended).toBe(130);
  });
});
