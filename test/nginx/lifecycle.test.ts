/** The command as a process: start, signals, taken ports, logs that are pipes and sockets, the launcher on an old Node. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { containerFiles, nginxProgram } from "@ordinal/nginx";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { until } from "../eventually.ts";
import { exchange, freePort } from "./server-process.ts";

let folder = "";
let port = 0;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "nginx lifecycle "));
  port = await freePort();
});

afterEach(() => {
  for (const child of children.splice(0))
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function configure(inside: string, main = ""): string {
  const conf = join(folder, "n.conf");
  const text = `${main}\npid "${folder}/nginx.pid"; events {} http { access_log "${folder}/access.log"; server { listen 127.0.0.1:${port}; root "${folder}"; ${inside} } }`;
  writeFileSync(conf, text.includes("error_log") ? text : `error_log "${folder}/error.log" notice;${text}`);
  return conf;
}

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<readonly [code: number | null, signal: string | null]>;
  readonly errors: () => string;
  readonly output: () => string;
}

function start(command: readonly string[], args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const [program = "", ...first] = command;
  const child = spawn(program, [...first, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  children.push(child);
  let errors = "";
  let output = "";
  child.stderr?.setEncoding("latin1").on("data", (text: string) => (errors += text));
  child.stdout?.setEncoding("latin1").on("data", (text: string) => (output += text));
  const exited = new Promise<readonly [number | null, string | null]>((resolve) => {
    child.once("exit", (code, signal) => resolve([code, signal]));
  });
  return { child, exited, errors: () => errors, output: () => output };
}

async function listens(host = "127.0.0.1", at = port): Promise<boolean> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(at, host);
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

async function ask(path: string): Promise<string> {
  const { received } = await exchange(port, [`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`], 2000);
  return received;
}

const FOREGROUND = ["-g", "daemon off;"];

describe("signals", () => {
  test("HUP takes the new configuration, or keeps the old one when the new is wrong", async () => {
    const conf = configure("location = /who { return 200 one; }");
    const { child, exited } = start(nginxProgram, ["-c", conf, ...FOREGROUND]);
    await listens();
    expect(await ask("/who")).toMatch(/one$/);
    configure("location = /who { return 200 two; }");
    child.kill("SIGHUP");
    await until("reconfigured", () => readFileSync(join(folder, "error.log"), "utf8").includes("reconfiguring"));
    expect(await ask("/who")).toMatch(/two$/);
    configure("nonsense;");
    child.kill("SIGHUP");
    await until("refused", () =>
      readFileSync(join(folder, "error.log"), "utf8").includes(`unknown directive "nonsense" in ${conf}:2`),
    );
    expect(await ask("/who")).toMatch(/two$/);
    child.kill("SIGQUIT");
    expect(await exited).toEqual([0, null]);
    expect(existsSync(join(folder, "nginx.pid"))).toBe(false);
  });

  test.for(["SIGTERM", "SIGINT"] as const)("%s ends it at once, in the middle of an answer", async (signal) => {
    const conf = configure("");
    writeFileSync(join(folder, "big"), Buffer.alloc(20_000_000));
    const { child, exited } = start(nginxProgram, ["-c", conf, ...FOREGROUND]);
    await listens();
    const client = connect(port, "127.0.0.1");
    client.on("error", () => {});
    client.write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise<void>((resolve) => client.once("readable", resolve));
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
    client.destroy();
  });

  test("USR1 opens the logs anew", async () => {
    const conf = configure("");
    const { child } = start(nginxProgram, ["-c", conf, ...FOREGROUND]);
    await listens();
    await ask("/a");
    await until("request logged", () => readFileSync(join(folder, "access.log"), "utf8").includes("GET /a"));
    rmSync(join(folder, "access.log"));
    child.kill("SIGUSR1");
    await until("log opened anew", () => existsSync(join(folder, "access.log")));
    await ask("/b");
    await until("second request logged", () => readFileSync(join(folder, "access.log"), "utf8").includes("GET /b"));
  });

  test("-s finds the server by its pid file", async () => {
    const conf = configure("");
    const { exited } = start(nginxProgram, ["-c", conf, ...FOREGROUND]);
    await until("running", () => existsSync(join(folder, "nginx.pid")));
    const [program = "", ...args] = nginxProgram;
    expect(spawnSync(program, [...args, "-c", conf, "-s", "quit"], { encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(await exited).toEqual([0, null]);
    expect(spawnSync(program, [...args, "-c", conf, "-s", "stop"], { encoding: "utf8" })).toMatchObject({
      status: 1,
      stderr: `nginx: [error] open() "${folder}/nginx.pid" failed (2: No such file or directory)\n`,
    });
  });
});

test("without daemon off the command ends when the server serves, and the server stays", async () => {
  const conf = configure("location = /who { return 200 daemon; }");
  const { exited } = start(nginxProgram, ["-c", conf]);
  expect(await exited).toEqual([0, null]);
  expect(await ask("/who")).toMatch(/daemon$/);
  const pid = Number(readFileSync(join(folder, "nginx.pid"), "utf8"));
  process.kill(pid, "SIGQUIT");
  await until("ended", () => !existsSync(join(folder, "nginx.pid")));
});

test("a taken port is tried five times, then given up in the original's words", async () => {
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
  const { exited, errors } = start(nginxProgram, ["-c", configure(""), "-e", "stderr", ...FOREGROUND]);
  expect(await exited).toEqual([1, null]);
  squatter.close();
  const lines = errors().trim().split("\n");
  const bind = `nginx: [emerg] bind() to 127.0.0.1:${port} failed (98: Address already in use)`;
  expect(lines.filter((line) => line === bind)).toHaveLength(5);
  expect(lines.at(-1)).toBe("nginx: [emerg] still could not bind()");
});

describe("logs to standard output and error", () => {
  const inside = "location = /who { return 200 x; }";
  const main = "error_log /dev/stderr notice;";

  test("as pipes", async () => {
    const conf = configure(inside, main);
    writeFileSync(conf, readFileSync(conf, "utf8").replace(`"${folder}/access.log"`, "/dev/stdout"));
    const { child, exited, output, errors } = start(nginxProgram, ["-c", conf, ...FOREGROUND]);
    await listens();
    await ask("/who");
    await until("request logged", () => output().includes('"GET /who HTTP/1.1" 200 1'));
    child.kill("SIGQUIT");
    await exited;
    expect(errors()).toMatch(/\[notice\] \d+#\d+: signal 3 \(SIGQUIT\) received, shutting down/);
  });

  test("as sockets, which cannot be opened by name", async () => {
    const conf = configure(inside, main);
    writeFileSync(conf, readFileSync(conf, "utf8").replace(`"${folder}/access.log"`, "/dev/stdout"));
    // Python hands one end of a socket pair on as standard output and error.
    const script = `import socket, subprocess, sys
a, b = socket.socketpair()
p = subprocess.Popen(sys.argv[1:], stdout=b, stderr=b)
b.close()
while True:
    data = a.recv(65536)
    if not data: break
    sys.stdout.buffer.write(data); sys.stdout.buffer.flush()
sys.exit(p.wait())`;
    const { output } = start(["python3", "-c", script, ...nginxProgram], ["-c", conf, ...FOREGROUND]);
    await listens();
    await ask("/who");
    await until("request logged", () => output().includes('"GET /who HTTP/1.1" 200 1'));
    process.kill(Number(readFileSync(join(folder, "nginx.pid"), "utf8")), "SIGQUIT");
    await until("signal logged", () => output().includes("SIGQUIT"));
  });
});

test("the files of the container image serve the welcome page, at a pod's address and path where there are no namespaces", async () => {
  const map: Record<string, string> = { "/run": folder };
  for (const { path, content } of containerFiles) {
    const file = join(folder, path.replaceAll("/", "_"));
    writeFileSync(file, content);
    map[path] = file;
  }
  map["/etc/nginx/conf.d"] = join(folder, "conf.d");
  const conf = map["/etc/nginx/conf.d/default.conf"] ?? "";
  const { mkdirSync } = await import("node:fs");
  mkdirSync(join(folder, "conf.d"));
  mkdirSync(join(folder, "html"));
  writeFileSync(join(folder, "conf.d/default.conf"), readFileSync(conf));
  writeFileSync(join(folder, "html/index.html"), "welcome");
  delete map["/etc/nginx/conf.d/default.conf"];
  delete map["/usr/share/nginx/html/index.html"];
  map["/usr/share/nginx/html"] = join(folder, "html");
  const shift = port - 80;
  const { child, exited } = start(nginxProgram, FOREGROUND, {
    ORDINAL_PATH_MAP: JSON.stringify(map),
    ORDINAL_BIND_ADDRESS: "127.0.0.9",
    ORDINAL_PORT_SHIFT: String(shift),
  });
  expect(await listens("127.0.0.9", port)).toBe(true);
  const answer = await fetch(`http://127.0.0.9:${port}/`);
  expect(await answer.text()).toBe("welcome");
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  child.kill("SIGQUIT");
  expect(await exited).toEqual([0, null]);
});

const BIN = fileURLToPath(new URL("../../packages/nginx/bin/nginx.js", import.meta.url));

describe("the launcher", () => {
  test("passes arguments, output and exit code through", () => {
    expect(spawnSync(process.execPath, [BIN, "-v"], { encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "nginx version: nginx/1.22.1\n",
    });
    expect(spawnSync(process.execPath, [BIN, "-x"], { encoding: "utf8" })).toMatchObject({
      status: 1,
      stderr: 'nginx: invalid option: "x"\n',
    });
  });

  const old = ["/usr/bin/node", "/usr/local/bin/node"].find((path) => {
    const major = Number(/^v(\d+)/.exec(spawnSync(path, ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1]);
    return major >= 18 && major < 26;
  });

  test.skipIf(old === undefined)(
    "on an older Node it runs the Node of the project and passes signals on (skipped without an older Node)",
    async () => {
      const { child, exited } = start(
        [old ?? "", BIN],
        ["-c", configure("location = /who { return 200 x; }"), ...FOREGROUND],
      );
      await listens();
      expect(await ask("/who")).toMatch(/x$/);
      child.kill("SIGQUIT");
      expect(await exited).toEqual([0, null]);
      expect(existsSync(join(folder, "nginx.pid"))).toBe(false);
    },
  );
});
