/** What a client, another user of the machine or a pod could make a lab do, and does not; memory is read from /proc. */
import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";

import { SeededRandom } from "@ordinal/kit";
import { homePaths, readState } from "@ordinal/kubernetes/lab-home";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { kubectl, ordinal, root, run } from "../lab/cli.ts";

const MB = 1024 * 1024;
/** What the lab or its agent may grow by in one of these tests. */
const GROWTH_BYTES_MAX = 320 * MB;
const STRANGER = 64_123;
const SEED = Number(process.env["SEED"] ?? 20_261);
const EXEC = "/api/v1/namespaces/default/pods/web-0/exec";

const random = new SeededRandom(SEED);
const below = (bound: number): number => (bound <= 1 ? 0 : random.between(0, bound - 1));

let folder: string;
let home: ReturnType<typeof homePaths>;
let token: string;
let ca: string;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ordinal-bounds-"));
  chmodSync(folder, 0o755);
  home = homePaths(join(folder, "home"));
  // The worst umask: nothing of the home may depend on it.
  const mask = process.umask(0);
  const started = await ordinal([
    "start",
    "--detach",
    "--home",
    home.directory,
    "-f",
    join(root, "manifests/web.yaml"),
  ]).finally(() => process.umask(mask));
  expect(started.code, started.stderr).toBe(0);
  const config = readFileSync(home.kubeconfig, "utf8");
  token = /token: (\S+)/.exec(config)?.[1] ?? "";
  ca = Buffer.from(/certificate-authority-data: (\S+)/.exec(config)?.[1] ?? "", "base64").toString();
  port = readState(home)?.apiPort ?? 0;
});
afterAll(async () => {
  await ordinal(["stop", "--home", home.directory]);
  rmSync(folder, { recursive: true, force: true });
});

async function expectHealth(): Promise<void> {
  const { stdout, stderr } = await kubectl(home.kubeconfig, ["exec", "web-0", "-c", "nginx", "--", "echo", "well"]);
  expect(stdout, stderr).toBe("well\n");
}

function residentBytes(): number[] {
  const state = readState(home);
  return [state?.pid, state?.agentPid].map(
    (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024,
  );
}

/** Runs `attack` and asks for health beside it; lab and agent may have grown by so much at most, at any time. */
async function withinBounds(attack: () => Promise<void>): Promise<void> {
  const before = residentBytes();
  let over = false;
  const attacked = attack().finally(() => (over = true));
  while (!over) {
    await expectHealth();
    for (const [index, bytes] of residentBytes().entries())
      expect((bytes - (before[index] ?? 0)) / MB, index === 0 ? "the lab" : "the agent").toBeLessThan(
        GROWTH_BYTES_MAX / MB,
      );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await attacked;
  await expectHealth();
}

const tls = (): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port, ca }, () => resolve(socket));
    socket.on("error", reject);
  });
const head = (method: string, path: string, extra: readonly string[] = []): string =>
  [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`, ...extra, "", ""].join(
    "\r\n",
  );

/** After a WebSocket handshake with this subprotocol. */
async function upgraded(path: string, protocol: string): Promise<Socket> {
  const socket = await tls();
  socket.write(
    head("GET", path, [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      `Sec-WebSocket-Protocol: ${protocol}`,
    ]),
  );
  const answer = await new Promise<string>((resolve) =>
    socket.once("data", (chunk) => resolve(chunk.toString("latin1"))),
  );
  expect(answer).toMatch(/^HTTP\/1.1 101 /);
  socket.on("error", () => {});
  return socket;
}

/** A frame as clients send them, masked with zeros. */
function frame(opcode: number, payload: Buffer): Buffer {
  const length =
    payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length, 0, 0, 0, 0]), payload]);
}

/** Writes as fast as the peer takes it, for as many bytes or so long; does not read. */
async function pour(socket: Socket, piece: Buffer, bytesMax: number, timeoutMs: number): Promise<void> {
  socket.pause();
  const deadline = Date.now() + timeoutMs;
  for (let sent = 0; sent < bytesMax && Date.now() < deadline && !socket.destroyed; sent += piece.length) {
    if (socket.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        socket.off("drain", done).off("close", done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, deadline - Date.now()));
      socket.on("drain", done).on("close", done);
    });
  }
}

function mutated(bytes: Buffer): Buffer {
  const result = Buffer.from(bytes);
  for (let change = below(5); change > 0; change--) result[below(result.length)] = below(256);
  return result.subarray(0, below(8) === 0 ? below(result.length) : result.length);
}

describe("with the credential", () => {
  it("pings of a client that does not read are not kept", () =>
    withinBounds(async () => {
      const socket = await upgraded(
        `${EXEC}?container=nginx&command=sleep&command=20&stdout=true`,
        "v5.channel.k8s.io",
      );
      const pings = Buffer.concat(Array.from({ length: 500 }, () => frame(9, Buffer.alloc(125))));
      await pour(socket, pings, 256 * MB, 3000);
      socket.destroy();
    }));

  it.each([
    ["a terminal", "&tty=true"],
    ["a pipe", ""],
  ])("input of a program that does not read %s waits with the client", (_what, tty) =>
    withinBounds(async () => {
      const path = `${EXEC}?container=nginx&command=sh&command=-c&command=${encodeURIComponent("stty raw -echo 2>/dev/null; sleep 20")}&stdin=true&stdout=true${tty}`;
      const socket = await upgraded(path, "v5.channel.k8s.io");
      const input = frame(2, Buffer.concat([Buffer.from([0]), Buffer.alloc(32_000, 0x61)]));
      await pour(socket, input, 512 * MB, 3000);
      socket.destroy();
    }),
  );

  it("output that the client does not read waits in the pod", () =>
    withinBounds(async () => {
      const socket = await upgraded(
        `${EXEC}?container=nginx&command=cat&command=/dev/zero&stdout=true`,
        "v5.channel.k8s.io",
      );
      socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      socket.destroy();
    }));

  it("frames that are nearly right end a session and nothing else", () =>
    withinBounds(async () => {
      const exec = [
        frame(2, Buffer.from("\0hello\n")),
        frame(2, Buffer.from('\u0004{"Width":80,"Height":24}')),
        frame(2, Buffer.from([255, 0])),
        frame(8, Buffer.from([3, 232])),
        frame(1, Buffer.alloc(300)),
      ];
      const settings = Buffer.from([0x80, 3, 0, 4, 0, 0, 0, 4, 0, 0, 0, 0]);
      const ping = Buffer.from([0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]);
      // A stream whose header block is no compressed one, and data for streams that are not there.
      const stream = Buffer.concat([Buffer.from([0x80, 3, 0, 1, 0, 0, 0, 30]), Buffer.alloc(30, 7)]);
      const data = Buffer.concat([Buffer.from([0, 0, 0, 1, 1, 0, 0, 5]), Buffer.from("hello")]);
      const tunnel = [settings, ping, data, stream].map((bytes) => frame(2, bytes));
      const attack = async (): Promise<void> => {
        for (let round = 0; round < 25; round++) {
          const isExec = below(2) === 0;
          const socket = isExec
            ? await upgraded(`${EXEC}?container=nginx&command=cat&stdin=true&stdout=true`, "v5.channel.k8s.io")
            : await upgraded("/api/v1/namespaces/default/pods/web-0/portforward", "SPDY/3.1+portforward.k8s.io");
          const recordings = isExec ? exec : tunnel;
          const session = Array.from({ length: 400 }, () =>
            mutated(recordings[below(recordings.length)] ?? Buffer.alloc(0)),
          );
          await pour(socket, Buffer.concat(session), 1, 300);
          socket.destroy();
        }
      };
      await Promise.all(Array.from({ length: 8 }, attack));
    }));

  it("watches that are not read end, however many there are", () =>
    withinBounds(async () => {
      const config = ["create", "configmap", "large", `--from-literal=a=${"x".repeat(100_000)}`];
      expect((await kubectl(home.kubeconfig, config)).code).toBe(0);
      const watches = await Promise.all(Array.from({ length: 120 }, tls));
      for (const socket of watches) {
        socket.pause();
        socket.on("error", () => {});
        socket.write(head("GET", "/api/v1/namespaces/default/configmaps?watch=true&resourceVersion=0"));
      }
      const writer = await tls();
      writer.resume();
      for (let number = 0; number < 80; number++) {
        const body = JSON.stringify({ data: { a: String(number).repeat(60_000).slice(0, 100_000) } });
        writer.write(
          head("PATCH", "/api/v1/namespaces/default/configmaps/large", [
            "Content-Type: application/merge-patch+json",
            `Content-Length: ${body.length}`,
          ]) + body,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 3000));
      for (const socket of [...watches, writer]) socket.destroy();
    }));
});

describe("without it", () => {
  it("connections that say nothing, or begin and stop, leave the API to the others", () =>
    withinBounds(async () => {
      const silent = Array.from({ length: 500 }, () => connectTcp(port, "127.0.0.1").on("error", () => {}));
      const slow = await Promise.all(Array.from({ length: 200 }, tls));
      for (const socket of slow)
        socket.on("error", () => {}).write("POST /api/v1/pods HTTP/1.1\r\nHost: localhost\r\nX-A: ");
      await new Promise((resolve) => setTimeout(resolve, 1000));
      for (const socket of [...silent, ...slow]) socket.destroy();
    }));

  it("a refused request is the last of its connection, and its body is not read", async () => {
    const socket = await tls();
    socket.write(`POST /api/v1/namespaces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n{`);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => socket.once("close", resolve));
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 401 [^]*connection: close/i);
  });

  it.runIf(process.getuid?.() === 0)(
    "another user of the machine reads nothing of the home and opens no socket of it",
    async () => {
      for (const path of [
        home.directory,
        home.kubeconfig,
        join(home.pki, "token"),
        join(home.directory, "agent.sock"),
      ]) {
        const asked = await run(["ls", path], { uid: STRANGER, gid: STRANGER });
        expect(asked.stderr, path).toMatch(/Permission denied/);
      }
      const api = await run(["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", `https://127.0.0.1:${port}/api`], {
        uid: STRANGER,
        gid: STRANGER,
      });
      expect(api.stdout).toBe("401");
    },
  );

  it("what holds secrets or takes commands is its owner's alone, whatever the umask", () => {
    const mode = (path: string): number => lstatSync(path).mode & 0o777;
    expect(mode(home.directory)).toBe(0o700);
    expect(mode(home.pki)).toBe(0o700);
    for (const name of readdirSync(home.pki)) expect(mode(join(home.pki, name)), name).toBe(0o600);
    for (const name of ["kubeconfig", "agent.sock", "api.sock"])
      expect(mode(join(home.directory, name)), name).toBe(0o600);
  });
});

describe("a pod", () => {
  it("sees neither the home, nor the lab's sockets, nor the machine's loopback, nor any process but its own", async () => {
    const script = [
      `ls ${home.directory} ${home.kubeconfig} 2>/dev/null && echo SEES-HOME`,
      `grep -c . /proc/1/cmdline >/dev/null; ls -d /proc/[0-9]* | wc -l`,
      `curl -s -m 2 -o /dev/null -k https://127.0.0.1:${port}/ && echo REACHES-LOOPBACK`,
      "grep -l . /run/secrets/kubernetes.io/serviceaccount/token 2>/dev/null && echo HAS-TOKEN",
      "true",
    ].join("\n");
    const { stdout } = await kubectl(home.kubeconfig, ["exec", "web-0", "-c", "nginx", "--", "sh", "-c", script]);
    expect(stdout).toMatch(/^\d+\n$/);
    expect(Number(stdout)).toBeLessThan(12);
  });
});

it("noise on the agent's socket is refused line by line", () =>
  withinBounds(async () => {
    const path = join(home.directory, "agent.sock");
    const lines = [
      "null",
      "7",
      "{}",
      '{"kind":"exec"}',
      '{"kind":"stream","session":"__proto__","stream":"stdin"}',
      '{"kind":"logs","pod":{},"options":{}}',
      '{"kind":"portForward","pod":{"uid":"x"},"port":-1}',
      "[".repeat(100_000),
    ];
    for (let round = 0; round < 100; round++) {
      const socket = connectTcp(path).on("error", () => {});
      socket.resume();
      socket.write(below(4) === 0 ? Buffer.alloc(8 * MB, 0x61) : `${lines[below(lines.length)]}\n`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 60);
        socket.on("close", () => {
          clearTimeout(timer);
          resolve();
        });
      });
      socket.destroy();
    }
  }));
