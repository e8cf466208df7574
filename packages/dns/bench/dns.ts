/**
 * Questions per second against unbound with the same records, by dnsperf, in alternating pairs; and the longest time for
 * which the largest answers keep the event loop. Fails below half of unbound's rate, or at 10 ms.
 *
 *     node packages/dns/bench/dns.ts [--seconds N] [--pairs N] [--help]
 */
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { createLog } from "@ordinal/io";

import { startDnsServer } from "../src/index.ts";
import { askMessage } from "../src/testing/packet-text.ts";
import { frame } from "../src/testing/stream-client.ts";
import { createZone } from "../src/zone/zone.ts";

const DOMAIN = "default.svc.cluster.local";
const CASES = [
  { name: "one", addressCount: 1 },
  { name: "sixty", addressCount: 60 },
] as const;
const LARGEST_ENDPOINT_COUNT = 5000;
const RATIO_MIN = 0.5;
const LOOP_DELAY_MAX_MS = 10;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    pairs: { type: "string", default: "3" },
    serve: { type: "string" },
    help: { type: "boolean" },
  },
});

if (values.help === true) {
  console.log(
    "Usage: node packages/dns/bench/dns.ts [--seconds N] [--pairs N]\n\nNeeds dnsperf and unbound. Let nothing else run meanwhile.",
  );
} else if (values.serve !== undefined) {
  await serve(Number(values.serve));
} else {
  await compare(Number(values.seconds), Number(values.pairs));
}

/** The server's own process. On "largest" it asks itself for the largest answers, none of them kept, and reports the loop's delays. */
async function serve(port: number): Promise<void> {
  const zone = createZone();
  zone.upsert("Namespace", { metadata: { name: "default" } });
  for (const { name, addressCount } of [...CASES, { name: "largest", addressCount: LARGEST_ENDPOINT_COUNT }]) {
    zone.upsert("Service", { metadata: { name }, spec: { clusterIP: "None", ports: [{ name: "web", port: 80 }] } });
    const endpoints = addresses(addressCount).map((address, index) => ({
      addresses: [address],
      hostname: `pod-${index}`,
    }));
    const labels = { "kubernetes.io/service-name": name };
    zone.upsert("EndpointSlice", { metadata: { name, labels }, ports: [{ name: "web", port: 80 }], endpoints });
  }
  zone.synced();
  const listen = { address: "127.0.0.1", port };
  await startDnsServer({ zone, udp: listen, tcp: listen, log: createLog({ component: "dns", level: "warn" }) });
  process.on("message", async () => {
    const client = connect({ host: "127.0.0.1", port });
    await once(client, "connect");
    const delays = monitorEventLoopDelay({ resolution: 1 });
    for (let round = 0; round < 40; round++) {
      if (round === 10) delays.enable(); // after the compiler has seen it
      for (const type of ["A", "SRV"]) {
        zone.upsert("Namespace", { metadata: { name: `change-${round}` } });
        client.write(frame(askMessage(`largest.${DOMAIN} ${type}`)));
        for (let received = 0; received < 65_000;) received += ((await once(client, "data")) as [Buffer])[0].length;
      }
    }
    delays.disable();
    client.destroy();
    process.send?.({ loopDelayMaxMs: delays.max / 1e6 });
  });
  process.send?.("ready");
}

async function compare(seconds: number, pairs: number): Promise<void> {
  for (const program of ["dnsperf", "unbound"]) {
    if (spawnSync(program, ["-h"]).error !== undefined) {
      console.log(`skipped: ${program} is not installed`);
      return;
    }
  }
  const folder = mkdtempSync(join(tmpdir(), "ordinal-dns-bench-"));
  const [ourPort, unboundPort] = [await freePort(), await freePort()];
  const ours = fork(fileURLToPath(import.meta.url), ["--serve", String(ourPort)], { execArgv: [] });
  writeFileSync(join(folder, "unbound.conf"), unboundConfiguration(unboundPort));
  const unbound = spawn("unbound", ["-d", "-c", join(folder, "unbound.conf")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    await once(ours, "message");
    await until(() => ask(unboundPort, CASES[0].name, 1, 0.1, folder) > 0);
    for (const server of [ours, unbound]) pin(0, ["-p", String(server.pid)]);
    for (const { name, addressCount } of CASES) {
      ask(ourPort, name, addressCount, 1, folder);
      const rates = Array.from({ length: pairs }, () => {
        const our = ask(ourPort, name, addressCount, seconds, folder);
        return { our, theirs: ask(unboundPort, name, addressCount, seconds, folder) };
      });
      const ratio = median(rates.map(({ our, theirs }) => our / theirs));
      console.log(
        `${addressCount} A: ordinal ${k(median(rates.map(({ our }) => our)))}/s, unbound ${k(median(rates.map(({ theirs }) => theirs)))}/s, median ratio ${ratio.toFixed(2)} of ${pairs} pairs (goal ${RATIO_MIN})`,
      );
      if (ratio < RATIO_MIN) process.exitCode = 1;
    }
    const delayMs = await largestAnswers(ours);
    console.log(
      `largest answers (A and SRV of ${LARGEST_ENDPOINT_COUNT} endpoints by TCP, none kept): loop held up for ${delayMs.toFixed(1)} ms at most (bound ${LOOP_DELAY_MAX_MS} ms)`,
    );
    if (delayMs >= LOOP_DELAY_MAX_MS) process.exitCode = 1;
  } finally {
    ours.kill();
    unbound.kill();
    rmSync(folder, { recursive: true });
  }
}

async function largestAnswers(server: ChildProcess): Promise<number> {
  const reported = once(server, "message") as Promise<[{ loopDelayMaxMs: number }]>;
  server.send("largest");
  return (await reported)[0].loopDelayMaxMs;
}

/** Answered questions per second; throws if any answer was not NOERROR. */
function ask(port: number, name: string, addressCount: number, seconds: number, folder: string): number {
  const file = join(folder, "question");
  writeFileSync(file, `${name}.${DOMAIN} A\n`);
  const edns = addressCount > 20 ? ["-e", "-b", "4096"] : [];
  const words = [
    "-s",
    "127.0.0.1",
    "-p",
    String(port),
    "-d",
    file,
    "-c",
    "16",
    "-q",
    "100",
    "-l",
    String(Math.max(1, Math.ceil(seconds))),
    ...edns,
  ];
  const { stdout } = pin(1, ["dnsperf", ...words]);
  const lost = Number(/Queries lost:\s+([0-9]+)/.exec(stdout)?.[1] ?? 0);
  const wrong = !/Response codes:\s+NOERROR [0-9]+ \(100/.test(stdout);
  if (wrong || lost > 0) throw new Error(`dnsperf at port ${port}: ${stdout}`);
  return Number(/Queries per second:\s+([0-9.]+)/.exec(stdout)?.[1] ?? 0);
}

/** Server and dnsperf each keep to a processor where the machine can do that. */
function pin(processor: number, words: readonly string[]): { readonly stdout: string } {
  const pinned = spawnSync(
    "taskset",
    [words[0] === "-p" ? "-cp" : "-c", String(processor), ...(words[0] === "-p" ? words.slice(1) : words)],
    { encoding: "utf8" },
  );
  if (pinned.status === 0 || words[0] === "-p") return { stdout: pinned.stdout ?? "" };
  return { stdout: spawnSync(words[0] ?? "", words.slice(1), { encoding: "utf8" }).stdout };
}

function unboundConfiguration(port: number): string {
  const data = CASES.flatMap(({ name, addressCount }) =>
    addresses(addressCount).map((address) => `  local-data: "${name}.${DOMAIN}. 5 IN A ${address}"`),
  );
  return `server:
  interface: 127.0.0.1@${port}
  do-daemonize: no
  use-syslog: no
  logfile: ""
  username: ""
  chroot: ""
  directory: ""
  pidfile: ""
  num-threads: 1
  verbosity: 0
  module-config: "iterator"
  edns-buffer-size: 4096
  max-udp-size: 4096
  local-zone: "cluster.local." static
${data.join("\n")}
remote-control:
  control-enable: no
`;
}

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `10.${index >>> 16}.${(index >>> 8) & 255}.${index & 255}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      if (condition()) return;
    } catch (error) {
      if (attempt >= 10) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function k(rate: number): string {
  return `${(rate / 1000).toFixed(1)}k`;
}
