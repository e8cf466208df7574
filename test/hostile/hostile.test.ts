import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";

import { SeededRandom } from "@ordinal/kit";
import { homePaths, readForwards, readState } from "@ordinal/kubernetes/lab-home";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { kubectl, ordinal, root, run } from "../lab/cli.ts";

/** Per port; half of it mutated recordings of valid sessions, half plain noise. */
const HOSTILE_BYTES = 10 * 1024 * 1024;
/** What one process of the lab may have resident at the end of it. */
const RESIDENT_BYTES_MAX = 450 * 1024 * 1024;
const SESSION_TIMEOUT_MS = 1_500;
const PARALLEL = 16;
const SEED = Number(process.env["SEED"] ?? 20_261);

const random = new SeededRandom(SEED);
const below = (bound: number): number => (bound <= 1 ? 0 : random.between(0, bound - 1));

let folder: string;
let home: ReturnType<typeof homePaths>;
let token: string;
let ca: string;
let apiPort: number;
let dnsPort: number;
let web: { address: string; port: number };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ordinal-hostile-"));
  home = homePaths(join(folder, "home"));
  const started = await ordinal([
    "start",
    "--detach",
    "--home",
    home.directory,
    "-f",
    join(root, "manifests/web.yaml"),
  ]);
  expect(started.code, started.stderr).toBe(0);
  const config = readFileSync(home.kubeconfig, "utf8");
  token = /token: (\S+)/.exec(config)?.[1] ?? "";
  ca = Buffer.from(/certificate-authority-data: (\S+)/.exec(config)?.[1] ?? "", "base64").toString();
  const state = readState(home);
  apiPort = state?.apiPort ?? 0;
  dnsPort = state?.dnsPort ?? 0;
  const forward = readForwards(home).find((one) => one.kind === "pod");
  web = { address: forward?.address ?? "", port: forward?.hostPort ?? 0 };
});
afterAll(async () => {
  await ordinal(["stop", "--home", home.directory]);
  rmSync(folder, { recursive: true, force: true });
});

const head = (method: string, path: string, extra: readonly string[] = []): string =>
  [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${apiPort}`, `Authorization: Bearer ${token}`, ...extra, "", ""].join(
    "\r\n",
  );
const withBody = (method: string, path: string, type: string, body: string): string =>
  head(method, path, [`Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`]) + body;

function apiSessions(): Buffer[] {
  const configMap = JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { generateName: "x-" },
    data: { a: "b".repeat(300) },
  });
  const frames = Buffer.from([0x82, 0x85, 1, 2, 3, 4, 0 ^ 1, 104 ^ 2, 105 ^ 3, 10 ^ 4, 0 ^ 1]);
  return [
    Buffer.from(
      head("GET", "/api/v1/namespaces/default/pods?limit=500", [
        "Accept: application/json;as=Table;v=v1;g=meta.k8s.io",
      ]),
    ),
    Buffer.from(head("GET", "/api/v1/pods?watch=true&resourceVersion=0")),
    Buffer.from(head("GET", "/apis") + head("GET", "/openapi/v3/api/v1")),
    Buffer.from(withBody("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", "application/json", configMap)),
    Buffer.from(
      withBody(
        "PATCH",
        "/apis/apps/v1/namespaces/default/statefulsets/web?dryRun=All",
        "application/strategic-merge-patch+json",
        '{"spec":{"replicas":3}}',
      ),
    ),
    Buffer.from(
      withBody(
        "PATCH",
        "/apis/apps/v1/namespaces/default/statefulsets/web?dryRun=All",
        "application/json-patch+json",
        '[{"op":"replace","path":"/spec/replicas","value":2}]',
      ),
    ),
    Buffer.concat([
      Buffer.from(
        head("GET", "/api/v1/namespaces/default/pods/web-0/exec?command=cat&stdin=true&stdout=true", [
          "Connection: Upgrade",
          "Upgrade: websocket",
          "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
          "Sec-WebSocket-Protocol: v5.channel.k8s.io",
        ]),
      ),
      frames,
      frames,
    ]),
  ];
}

const webSessions = [
  Buffer.from(
    'GET / HTTP/1.1\r\nHost: web-0.nginx\r\nRange: bytes=0-1,3-4\r\nIf-None-Match: "x"\r\n\r\nGET /index.html HTTP/1.1\r\nHost: x\r\n\r\n',
  ),
  Buffer.from("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
  Buffer.from("HEAD /a%20b/../c HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
];

/** A query for `name`, as dig sends it, with EDNS. */
function query(name: string, type: number): Buffer {
  const labels = name.split(".").flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([
    below(256),
    below(256),
    1,
    0x20,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    1,
    ...labels,
    0,
    0,
    type,
    0,
    1,
    0,
    0,
    41,
    4,
    208,
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
}
const dnsSessions = [
  query("web-0.nginx.default.svc.cluster.local", 1),
  query("_web._tcp.nginx.default.svc.cluster.local", 33),
  query("10.0.16.127.in-addr.arpa", 12),
];
const framed = (message: Buffer): Buffer =>
  Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);

function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index++) bytes[index] = below(256);
  return bytes;
}

function mutated(recording: Buffer): Buffer {
  let bytes = Buffer.from(recording);
  for (let change = below(6); change >= 0; change--) {
    const at = below(bytes.length || 1);
    const kind = below(5);
    if (kind === 0) bytes[at] = below(256);
    else if (kind === 1) bytes = bytes.subarray(0, at);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), noise(below(64)), bytes.subarray(at)]);
    else if (kind === 3) bytes = Buffer.concat([bytes, bytes.subarray(at)]);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + below(20)))]);
  }
  return Buffer.from(bytes);
}

/** Sends until the peer closes, or for a moment; what comes back is read and thrown away. */
function session(open: () => Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = open();
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    };
    const timer = setTimeout(done, SESSION_TIMEOUT_MS);
    socket.on("error", done);
    socket.on("close", done);
    socket.on("data", () => {});
    socket.write(bytes, () => setTimeout(done, 30));
  });
}

async function attack(
  opens: { readonly valid: () => Socket; readonly plain: () => Socket },
  recordings: readonly Buffer[],
): Promise<void> {
  let sent = 0;
  let turn = 0;
  const worker = async (): Promise<void> => {
    while (sent < HOSTILE_BYTES) {
      const past = turn++ % 2 === 0;
      // Recordings are short: many of them in one session make half of the bytes.
      const bytes = past
        ? Buffer.concat(
            Array.from({ length: 40 }, () => mutated(recordings[below(recordings.length)] ?? Buffer.alloc(0))),
          )
        : noise(8_192 + below(16_384));
      sent += bytes.length;
      await session(past ? opens.valid : opens.plain, bytes);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

/** Asks again and again while the attack runs; every answer must be right. */
async function beside(healthy: () => Promise<void>, attackRun: Promise<void>): Promise<number> {
  let over = false;
  let answers = 0;
  const finished = attackRun.finally(() => (over = true));
  while (!over) {
    await healthy();
    answers++;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await finished;
  await healthy();
  return answers;
}

function residentOf(pids: readonly number[]): Record<number, number> {
  return Object.fromEntries(
    pids.map((pid) => [
      pid,
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024,
    ]),
  );
}

/** The lab, its agent and every process below them. */
function family(): number[] {
  const children = (pid: number): number[] => {
    try {
      return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
    } catch {
      return [];
    }
  };
  const all = [readState(home)?.pid ?? 0];
  for (let index = 0; index < all.length; index++) all.push(...children(all[index] ?? 0));
  return all;
}

function expectBounded(): void {
  for (const [pid, bytes] of Object.entries(residentOf(family())))
    expect(bytes, `resident bytes of process ${pid} (seed ${SEED})`).toBeLessThan(RESIDENT_BYTES_MAX);
}

describe(`10 MB of hostile bytes to each port (seed ${SEED})`, () => {
  it("the API goes on answering kubectl", async () => {
    const plain = (): Socket => connectTcp(apiPort, "127.0.0.1");
    const valid = (): Socket => connectTls({ host: "127.0.0.1", port: apiPort, ca });
    const answers = await beside(
      async () =>
        expect((await kubectl(home.kubeconfig, ["get", "pods", "--no-headers"])).stdout).toMatch(
          /web-0 +1\/1 +Running/,
        ),
      attack({ valid, plain }, apiSessions()),
    );
    expect(answers).toBeGreaterThan(3);
    expectBounded();
  });

  it("a web pod goes on answering curl", async () => {
    const open = (): Socket => connectTcp(web.port, web.address);
    await beside(
      async () =>
        expect((await run(["curl", "-s", "--max-time", "5", `http://${web.address}:${web.port}/`])).stdout).toMatch(
          /^web-\d\n$/,
        ),
      attack({ valid: open, plain: open }, webSessions),
    );
    expectBounded();
  });

  it("DNS goes on answering dig, over TCP and UDP", async () => {
    const open = (): Socket => connectTcp(dnsPort, "127.0.0.1");
    const dig = async (): Promise<void> =>
      expect(
        (
          await run([
            "dig",
            "@127.0.0.1",
            "-p",
            String(dnsPort),
            "+short",
            "+tries=3",
            "+time=2",
            "web-0.nginx.default.svc.cluster.local",
          ])
        ).stdout,
      ).toMatch(/^127\./m);
    await beside(dig, attack({ valid: open, plain: open }, dnsSessions.map(framed)));
    const socket = createSocket("udp4");
    await beside(
      dig,
      (async () => {
        for (let sent = 0; sent < HOSTILE_BYTES;) {
          const bytes =
            below(2) === 0
              ? mutated(dnsSessions[below(dnsSessions.length)] ?? Buffer.alloc(1))
              : noise(1 + below(1_400));
          sent += bytes.length + 28;
          await new Promise<void>((resolve) => socket.send(bytes, dnsPort, "127.0.0.1", () => resolve()));
        }
      })(),
    );
    socket.close();
    expectBounded();
  });
});

describe("a page in a browser on the machine", () => {
  const ask = (headers: readonly string[]): Promise<string> =>
    run([
      "curl",
      "-sk",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      ...headers.flatMap((header) => ["-H", header]),
      `https://127.0.0.1:${apiPort}/api/v1/pods`,
    ]).then((result) => result.stdout);

  it("cannot drive the API: no token, a foreign Host or a foreign Origin are refused", async () => {
    expect(await ask([])).toBe("401");
    expect(await ask([`Authorization: Bearer ${token}`, "Host: evil.example"])).toBe("403");
    expect(await ask([`Authorization: Bearer ${token}`, "Origin: https://evil.example"])).toBe("403");
    expect(await ask([`Authorization: Bearer ${token}`])).toBe("200");
  });
});
