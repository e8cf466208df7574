/** The commands that operators type, as they type them, with the original's words and exit codes. */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { fourLetterWord, modeOf } from "../../packages/zookeeper/src/ensemble/four-letter-word.ts";
import { takePorts, type PortBlock } from "../../packages/zookeeper/src/ensemble/port-block.ts";
import { until } from "../eventually.ts";

const BIN = fileURLToPath(new URL("../../packages/zookeeper/bin/", import.meta.url));

let folder: string;
let block: PortBlock;
let port: number;
let environment: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "zookeeper-commands-"));
  block = await takePorts(1);
  port = block.ports[0] ?? 0;
  const lines = [
    `dataDir=${folder}/data`,
    `dataLogDir=${folder}/log`,
    `clientPort=${port}`,
    "admin.enableServer=false",
  ];
  writeFileSync(join(folder, "zoo.cfg"), `${lines.join("\n")}\n`);
  environment = { PATH: process.env["PATH"], HOME: folder, ZOOCFGDIR: folder, ZOO_LOG_DIR: folder, USER: "me" };
});

afterEach(async () => {
  await run("zk-server.js", "stop");
  await block.release();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(BIN, command), ...args], { env: environment }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

describe("zkServer.sh", () => {
  test("starts, tells of itself, and stops", async () => {
    expect(await run("zk-server.js", "start")).toEqual({
      code: 0,
      stdout: "Starting zookeeper ... STARTED\n",
      stderr: `Using config: ${folder}/zoo.cfg\n`,
    });
    const pid = Number(readFileSync(join(folder, "data/zookeeper_server.pid"), "utf8"));
    expect(readFileSync(`/proc/${pid}/comm`, "utf8")).toBe("java\n");
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toMatch(
      /^java .*org\.apache\.zookeeper\.server\.quorum\.QuorumPeerMain /,
    );
    await until("a server that serves", () => modeOf(port));
    const status = await run("zk-server.js", "status");
    expect(status.code).toBe(0);
    expect(status.stdout).toBe(
      `Client port found: ${port}. Client address: localhost. Client SSL: false.\nMode: standalone\n`,
    );
    const again = await run("zk-server.js", "start");
    expect(again).toMatchObject({ code: 1, stdout: `Starting zookeeper ... already running as process ${pid}.\n` });
    expect(await run("zk-server.js", "stop")).toMatchObject({ code: 0, stdout: "Stopping zookeeper ... STOPPED\n" });
    expect(() => process.kill(pid, 0)).toThrow();
    expect(await run("zk-server.js", "status")).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("Error contacting service. It is probably not running.") as string,
    });
    const stopped = await run("zk-server.js", "stop");
    expect(stopped).toMatchObject({
      code: 0,
      stdout: `Stopping zookeeper ... no zookeeper to stop (could not find file ${folder}/data/zookeeper_server.pid)\n`,
    });
  });

  test("in the foreground logs to standard output and ends with 143 after SIGTERM", async () => {
    const server = spawn(process.execPath, [join(BIN, "zk-server.js"), "start-foreground"], { env: environment });
    let output = "";
    server.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = new Promise<number | null>((resolve) => server.once("exit", (code) => resolve(code)));
    await until("a server that serves", () => modeOf(port));
    expect(await fourLetterWord(port, "ruok")).toBe("imok");
    server.kill("SIGTERM");
    expect(await ended).toBe(143);
    expect(output).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[myid:\] - INFO  \[[^\]]+\] - /);
  });

  test("refuses a configuration with all that is wrong in it, and exits 2", async () => {
    writeFileSync(join(folder, "zoo.cfg"), `dataDir=${folder}/data\nclientPort=x\ntickTime=y\n`);
    const outcome = await run("zk-server.js", "start-foreground");
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(`${folder}/zoo.cfg:2: clientPort: For input string: "x"`);
    expect(outcome.stderr).toContain(`${folder}/zoo.cfg:3: tickTime: For input string: "y"`);
    expect(outcome.stderr).toContain("Invalid config, exiting abnormally\n");
  });

  test("honours SERVER_JVMFLAGS, java.env and log4j.properties", async () => {
    environment["SERVER_JVMFLAGS"] = "-Dzookeeper.4lw.commands.whitelist=ruok -Dzookeeper.extendedTypesEnabled=true";
    writeFileSync(join(folder, "java.env"), 'JVMFLAGS="-Xmx512M -Dzookeeper.snapCount=77"\n');
    writeFileSync(join(folder, "log4j.properties"), "log4j.appender.CONSOLE.Threshold=ERROR\n");
    const printed = await run("zk-server.js", "print-cmd");
    expect(printed.stdout).toContain("-Dzookeeper.snapCount=77 org.apache.zookeeper.server.quorum.QuorumPeerMain");
    expect(printed.stdout).toContain("-Dzookeeper.extendedTypesEnabled=true");
    await run("zk-server.js", "start");
    await until("a server that serves", () => modeOf(port));
    expect(readFileSync(join(folder, "zookeeper-me-server-localhost.out"), "utf8")).toBe("");
  });
});

describe("zkServer-initialize.sh", () => {
  test("makes folders, myid and the file initialize once, and again by force", async () => {
    expect(await run("zk-server-initialize.js", "--myid=3")).toMatchObject({ code: 0, stdout: "Using myid of 3\n" });
    expect(readFileSync(join(folder, "data/myid"), "utf8")).toBe("3\n");
    expect(existsSync(join(folder, "data/initialize"))).toBe(true);
    expect(existsSync(join(folder, "log/version-2"))).toBe(true);
    writeFileSync(join(folder, "data/version-2/currentEpoch"), "7");
    expect(await run("zk-server-initialize.js")).toMatchObject({
      code: 1,
      stdout: `ZooKeeper data directory already exists at ${folder}/data (or use --force to force re-initialization)\n`,
    });
    expect(existsSync(join(folder, "data/version-2/currentEpoch"))).toBe(true);
    const forced = await run("zk-server-initialize.js", "--force", "--configfile", join(folder, "zoo.cfg"));
    expect(forced.stdout).toBe(
      "Force enabled, data/txnlog directories will be re-initialized\n" +
        `No myid provided, be sure to specify it in ${folder}/data/myid if using non-standalone\n`,
    );
    expect(readdirSync(join(folder, "data/version-2"))).toEqual([]);
    expect(existsSync(join(folder, "data/myid"))).toBe(false);
    expect(await run("zk-server-initialize.js", "--bogus")).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^Unknown option: --bogus\nusage: /) as string,
    });
  });
});

describe("zkCleanup.sh", () => {
  test("keeps the newest snapshots and the logs they need", async () => {
    const snapshots = join(folder, "data/version-2");
    const logs = join(folder, "log/version-2");
    mkdirSync(snapshots, { recursive: true });
    mkdirSync(logs, { recursive: true });
    // A snapshot counts by its last bytes: the path of the root that seals it.
    const sealed = Buffer.concat([Buffer.from("ZKSN"), Buffer.alloc(40), Buffer.from([0, 0, 0, 1, 0x2f])]);
    for (const zxid of [10, 20, 30, 40, 50]) {
      writeFileSync(join(snapshots, `snapshot.${zxid.toString(16)}`), sealed);
      writeFileSync(join(logs, `log.${(zxid + 1).toString(16)}`), "");
    }
    expect(await run("zk-cleanup.js", "-n", "2")).toMatchObject({
      code: 1,
      stderr: "count should be greater than or equal to 3\n",
      stdout: expect.stringMatching(/^Usage:\nPurgeTxnLog dataLogDir \[snapDir\] -n count\n/) as string,
    });
    const outcome = await run("zk-cleanup.js", "-n", "3");
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout.trim().split("\n").sort()).toEqual([
      `Removing file: ${snapshots}/snapshot.14`,
      `Removing file: ${snapshots}/snapshot.a`,
      `Removing file: ${logs}/log.b`,
    ]);
    expect(readdirSync(snapshots)).toEqual(["snapshot.1e", "snapshot.28", "snapshot.32"]);
    expect(await run("zk-cleanup.js", join(folder, "nowhere"), "-n", "3")).toMatchObject({
      code: 1,
      stderr: `Path '${folder}/nowhere' does not exist. \n`,
    });
  });
});
