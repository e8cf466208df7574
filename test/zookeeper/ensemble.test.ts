import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

import { type Ensemble, type EnsembleOptions, startEnsemble } from "@ordinal/zookeeper";
import { afterEach, describe, expect, it } from "vitest";

import { eventually } from "../eventually.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OWNER = fileURLToPath(new URL("ensemble-owner.ts", import.meta.url));
const ORDINAL = join(ROOT, "packages/ordinal/bin/ordinal.js");
const ZK_SERVER = join(ROOT, "packages/zookeeper/bin/zk-server.js");
const ZK_CLI = join(ROOT, "packages/zookeeper/bin/zk-cli.js");

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: EnsembleOptions = {}): Promise<Ensemble> {
  const ensemble = await startEnsemble(options);
  cleanups.push(() => ensemble.stop());
  return ensemble;
}

async function leaderOf(ensemble: Ensemble): Promise<number> {
  const leader = await ensemble.leader();
  if (leader === undefined) throw new Error("there is no leader");
  return leader;
}

/** One command of zkCli.sh on these servers; rejects where it fails or takes too long. */
function zkCli(servers: string, ...command: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = [ZK_CLI, "-server", servers, "-timeout", "4000", ...command];
    const child = execFile(process.execPath, args, { timeout: 20_000 }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
    child.stdin?.end();
  });
}

function addressOf(ensemble: Ensemble, index: number): string {
  return ensemble.servers[index]?.address ?? "";
}

/** A process that is neither gone nor a zombie. */
function isAlive(pid: number): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.[0];
    return state !== "Z" && state !== "X";
  } catch {
    return false;
  }
}

describe("an ensemble of processes", () => {
  it("serves, fails over when its leader is killed, and takes it back", async () => {
    const ensemble = await start();
    expect(new Set(ensemble.servers.map(({ pid }) => pid)).size).toBe(3);
    await zkCli(ensemble.connectString, "create", "/a", "1");
    const killed = await leaderOf(ensemble);
    const pid = ensemble.servers[killed]?.pid ?? 0;
    await ensemble.kill(killed);
    expect(isAlive(pid)).toBe(false);
    expect(ensemble.servers[killed]).toMatchObject({ state: "down", pid: undefined });
    await ensemble.ready();
    await zkCli(ensemble.connectString, "set", "/a", "2");
    await ensemble.restart(killed);
    expect(await zkCli(addressOf(ensemble, killed), "get", "/a")).toMatch(/^2$/m);
  });

  it("has the minority of a partition lose its clients' writes and follow after healing", async () => {
    const ensemble = await start({ tickTime: 200 });
    const cut = await leaderOf(ensemble);
    await ensemble.partition([[cut]]);
    await ensemble.ready();
    expect(await leaderOf(ensemble)).not.toBe(cut);
    await zkCli(addressOf(ensemble, (cut + 1) % 3), "create", "/majority", "");
    await expect(zkCli(addressOf(ensemble, cut), "create", "/minority", "")).rejects.toThrow();
    await ensemble.heal();
    await ensemble.ready();
    const listed = await zkCli(addressOf(ensemble, cut), "ls", "/");
    expect(listed).toContain("[majority, zookeeper]");
  });

  it("elects another leader while one is stopped, which follows once it goes on", async () => {
    const ensemble = await start({ tickTime: 200 });
    const paused = await leaderOf(ensemble);
    await ensemble.pause(paused);
    await ensemble.ready();
    const next = await leaderOf(ensemble);
    expect(next).not.toBe(paused);
    await ensemble.resume(paused);
    await ensemble.ready();
    expect(await leaderOf(ensemble)).toBe(next);
  });

  it("runs beside others", async () => {
    const ensembles = await Promise.all([start(), start(), start({ inProcess: true })]);
    await Promise.all(ensembles.map(({ connectString }, index) => zkCli(connectString, "create", `/only-${index}`)));
    for (const [index, { connectString }] of ensembles.entries()) {
      expect(await zkCli(connectString, "ls", "/")).toContain(`[only-${index}, zookeeper]`);
    }
    const ports = ensembles.flatMap(({ servers }) => servers.map(({ clientPort }) => clientPort));
    expect(new Set(ports).size).toBe(9);
  });

  it.each([["SIGKILL"], ["SIGTERM"]] as const)(
    "leaves neither processes nor files behind when its owner ends by %s, a stopped server included",
    async (signal) => {
      const owner = spawn(process.execPath, [OWNER], { stdio: ["ignore", "pipe", "inherit"], cwd: ROOT });
      cleanups.push(() => owner.kill("SIGKILL"));
      const [line] = (await once(createInterface({ input: owner.stdout }), "line")) as [string];
      const { directory, pids } = JSON.parse(line) as { directory: string; pids: number[] };
      expect(pids.map(isAlive)).toEqual([true, true, true]);
      owner.kill(signal);
      await eventually(() => {
        expect(pids.map(isAlive)).toEqual([false, false, false]);
        expect(existsSync(directory)).toBe(false);
      });
    },
  );

  it("takes faults by a control socket where a server's environment names one", async () => {
    const ensemble = await start({ size: 1 });
    const { configFile = "" } = ensemble.servers[0] ?? {};
    await ensemble.kill(0);
    const socketFile = join(ensemble.directory, "faults.sock");
    const server = spawn(process.execPath, [ZK_SERVER, "start-foreground", configFile], {
      stdio: "ignore",
      env: { ...process.env, ORDINAL_FAULTS: socketFile },
    });
    cleanups.push(() => server.kill("SIGKILL"));
    await eventually(() => zkCli(ensemble.connectString, "ls", "/"));
    expect(statSync(socketFile).mode & 0o777).toBe(0o600);
    const socket = connect({ path: socketFile });
    socket.write("cut 127.0.0.1:2888\nheal\n");
    const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
    expect([(await answers.next()).value, (await answers.next()).value]).toEqual(["ok", "ok"]);
    socket.destroy();
  });

  it("keeps its data where it is told, over a stop", async () => {
    const directory = mkdtempSync(join(tmpdir(), "ordinal-ensemble-kept-"));
    cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
    const first = await start({ directory, size: 1 });
    await zkCli(first.connectString, "create", "/kept", "yes");
    await first.stop();
    const second = await start({ directory, size: 1 });
    expect(await zkCli(second.connectString, "get", "/kept")).toMatch(/^yes$/m);
  });
});

/** `ordinal zookeeper`, driven by lines. */
class Command {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;
  readonly exited: Promise<number | null>;
  stderr = "";

  constructor(...args: string[]) {
    const child = spawn(process.execPath, [ORDINAL, "zookeeper", ...args], { stdio: ["pipe", "pipe", "pipe"] });
    this.child = child;
    child.stderr.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#interface = createInterface({ input: child.stdout });
    this.#lines = this.#interface[Symbol.asyncIterator]();
    this.exited = new Promise((resolve) => child.once("close", resolve));
    cleanups.push(() => child.kill("SIGKILL"));
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`it ended: ${this.stderr}`);
    return value;
  }

  async say(command: string): Promise<unknown> {
    this.child.stdin?.write(`${command}\n`);
    return JSON.parse(await this.line());
  }
}

interface Started {
  readonly connectString: string;
  readonly leader: number;
  readonly servers: readonly { readonly pid: number; readonly dataDir: string; readonly address: string }[];
}

describe("ordinal zookeeper", () => {
  it("tells its addresses in one line, carries out what it is told, and stops", async () => {
    const command = new Command("--size", "3", "--json", "--tick-time", "200");
    const { connectString, leader, servers } = JSON.parse(await command.line()) as Started;
    await zkCli(connectString, "create", "/a");
    expect(await command.say("leader")).toEqual({ command: "leader", ok: true, leader });
    expect(await command.say(`kill ${leader}`)).toEqual({ command: `kill ${leader}`, ok: true });
    expect(isAlive(servers[leader]?.pid ?? 0)).toBe(false);
    expect(await command.say("ready")).toMatchObject({ ok: true });
    expect(await command.say(`restart ${leader}`)).toMatchObject({ ok: true, pid: expect.any(Number) as number });
    const { leader: next } = (await command.say("leader")) as { leader: number };
    expect(await command.say(`pause ${next}`)).toMatchObject({ ok: true });
    expect(await command.say("status")).toMatchObject({
      servers: [0, 1, 2].map((index) => ({ index, state: index === next ? "paused" : "running" })),
    });
    expect(await command.say(`resume ${next}`)).toMatchObject({ ok: true });
    expect(await command.say("ready")).toMatchObject({ ok: true });
    expect(await command.say("partition 0 1,2")).toMatchObject({ ok: true });
    expect(await command.say("ready")).toMatchObject({ ok: true });
    expect(((await command.say("leader")) as { leader: number }).leader).not.toBe(0);
    expect(await command.say("heal")).toMatchObject({ ok: true });
    expect(await command.say("ready")).toMatchObject({ ok: true });
    expect(await zkCli(servers[0]?.address ?? "", "ls", "/")).toContain("[a, zookeeper]");
    expect(await command.say("kill 3")).toMatchObject({ ok: false, error: "there is no server 3; they are 0 to 2" });
    expect(await command.say("jump 1")).toMatchObject({ ok: false });
    expect(await command.say("stop")).toEqual({ command: "stop", ok: true });
    expect(await command.exited).toBe(0);
  });

  it("ends with its parent, however that ends", async () => {
    const command = new Command("--json");
    const { servers } = JSON.parse(await command.line()) as Started;
    command.child.stdin?.end();
    expect(await command.exited).toBe(0);
    expect(servers.map(({ pid }) => isAlive(pid))).toEqual([false, false, false]);
    expect(existsSync(dirname(dirname(servers[0]?.dataDir ?? "")))).toBe(false);
  });

  it("runs a command with the addresses, and ends with its exit code", async () => {
    const command = new Command("--size", "1", "--", "sh", "-c", 'echo "at $ZOOKEEPER_CONNECT"; exit 7');
    expect(await command.line()).toMatch(/^at 127\.0\.0\.1:\d+$/);
    expect(await command.exited).toBe(7);
  });

  it("speaks to people without --json", async () => {
    const command = new Command("--size", "1");
    expect(await command.line()).toMatch(/^A ZooKeeper server serves at 127\.0\.0\.1:\d+$/);
    expect(await command.line()).toMatch(/^ {2}server 0 {2}127\.0\.0\.1:\d+ {2}running {2}pid \d+ {2}leader$/);
    command.child.stdin?.end("leader\nkill 9\n");
    await command.line();
    expect([await command.line(), await command.line()]).toEqual([
      "server 0 leads",
      "error: there is no server 9; they are 0 to 0",
    ]);
    expect(await command.exited).toBe(0);
  });

  it("tells of a port that is taken", async () => {
    const holder = await start({ size: 1 });
    const port = holder.servers[0]?.clientPort ?? 0;
    const command = new Command("--size", "1", "--json", "--port", String(port));
    expect(await command.exited).toBe(1);
    expect(command.stderr).toContain(`cannot listen on 127.0.0.1:${port}: the address is already in use`);
  });

  it.each([
    [["--size", "0"], "--size takes a whole number from 1 to 10"],
    [["--size", "3", "--observers", "3"], "--observers takes a whole number from 0 to 2"],
    [["--line", "snapCount"], '"snapCount" is no line'],
    [["--property", "x"], "--property takes NAME=VALUE"],
    [["kill", "1"], '"kill" is not known here'],
    [["--"], "Name the command to run after --"],
  ])("refuses %j", async (args, words) => {
    const command = new Command(...args);
    expect(await command.exited).toBe(2);
    expect(command.stderr).toContain(words);
  });
});
