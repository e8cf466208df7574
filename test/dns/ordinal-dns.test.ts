/** The command as people run it: from manifest files, through edits of them, and behind an engine's resolver. */
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { createZone, startDnsServer, type Zone } from "@ordinal/dns";
import { createLog } from "@ordinal/io";
import { afterEach, describe, expect, it } from "vitest";

import { runCommand, startCommand } from "./command.ts";

const WEB = fileURLToPath(new URL("../../manifests/web.yaml", import.meta.url));
const NGINX = "nginx.default.svc.cluster.local";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ordinal-dns-"));
  closers.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function start(words: readonly string[]) {
  const command = await startCommand(words);
  closers.push(command.stop);
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([`127.0.0.1:${command.port}`]);
  const addresses = (name: string) =>
    resolver.resolve4(name).then(
      (found) => found.sort(),
      (error: NodeJS.ErrnoException) => error.code,
    );
  return { ...command, resolver, addresses };
}

const manifest = (address: string) => `kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: nginx}, ports: [{name: web, port: 80}]}
---
kind: Pod
metadata: {name: web-0, labels: {app: nginx}}
spec: {hostname: web-0, subdomain: nginx}
status: {podIP: ${address}}
`;

describe("ordinal-dns", () => {
  it("says what it serves, where, and how to ask it, and ends cleanly by Ctrl-C", async () => {
    const path = join(temporaryFolder(), "web.yaml");
    writeFileSync(path, manifest("10.0.0.1"));
    const command = await start(["--manifests", path, "--address", "127.9.9.9"]);
    expect(command.output().split("\n").slice(0, 3)).toEqual([
      `ordinal-dns: serving cluster.local on 127.0.0.1:${command.port} (UDP and TCP): 2 services and 1 pods of 1 file`,
      "names outside cluster.local: refused",
      `try: dig @127.0.0.1 -p ${command.port} ${NGINX}`,
    ]);
    expect(await command.addresses(`web-0.${NGINX}`)).toEqual(["10.0.0.1"]);
    expect(await command.resolver.resolveSrv(`_web._tcp.${NGINX}`)).toMatchObject([
      { name: `web-0.${NGINX}`, port: 80, priority: 0, weight: 100 },
    ]);
    expect(await command.resolver.reverse("127.9.9.9")).toEqual(["kube-dns.kube-system.svc.cluster.local"]);
    expect(await command.addresses("www.example.com")).toBe("EREFUSED");
    expect(await command.stop()).toBe(0);
  });

  it("follows an edit within a second, and keeps the old records through a broken one, naming file and line", async () => {
    const path = join(temporaryFolder(), "web.yaml");
    writeFileSync(path, manifest("10.0.0.1"));
    const command = await start(["--manifests", path]);
    writeFileSync(path, manifest("10.0.0.2"));
    await expect.poll(() => command.addresses(NGINX), { timeout: 1000, interval: 20 }).toEqual(["10.0.0.2"]);
    writeFileSync(path, manifest("10.0.0.300"));
    await expect.poll(command.output, { timeout: 5000 }).toContain(`${path}:8: Pod web-0: status.podIP`);
    expect(await command.addresses(NGINX)).toEqual(["10.0.0.2"]);
    writeFileSync(path, manifest("10.0.0.3"));
    await expect.poll(() => command.addresses(NGINX), { timeout: 1000, interval: 20 }).toEqual(["10.0.0.3"]);
  });

  it("follows the addresses that a resolver gives the pods of a StatefulSet, and forwards other names to it", async () => {
    // In the part of the container engine: a flat zone whose services are the containers.
    const engine = createZone({ zone: "engine" });
    const containers = await engineResolver(engine);
    containers.set("web-0", "172.20.0.3");
    const command = await start([
      "--manifests",
      WEB,
      "--resolver",
      containers.address,
      "--forward",
      containers.address,
    ]);
    expect(await command.addresses(NGINX)).toEqual(["172.20.0.3"]);
    containers.set("web-1", "172.20.0.4");
    await expect.poll(() => command.addresses(NGINX), { timeout: 3000 }).toEqual(["172.20.0.3", "172.20.0.4"]);
    expect(await command.resolver.reverse("172.20.0.4")).toEqual([`web-1.${NGINX}`]);
    containers.set("web-0", "172.20.0.9");
    await expect.poll(() => command.addresses(`web-0.${NGINX}`), { timeout: 3000 }).toEqual(["172.20.0.9"]);
    containers.set("web-0", undefined);
    await expect.poll(() => command.addresses(`web-0.${NGINX}`), { timeout: 3000 }).toBe("ENOTFOUND");
    expect(await command.addresses("outside.default.svc.engine")).toEqual(["192.0.2.1"]);
  });

  it("says in words why it does not start", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    closers.push(() => taken.close());
    const port = (taken.address() as { port: number }).port;
    const path = join(temporaryFolder(), "broken.yaml");
    writeFileSync(path, "kind: Service\nmetadata: {name: a}\nspec: {ports: [{port: none}]}\n");
    const cases: [readonly string[], number, string][] = [
      [
        ["--manifests", WEB, "--listen", `127.0.0.1:${port}`],
        1,
        `cannot listen on 127.0.0.1:${port}: the address is already in use`,
      ],
      [["--manifests", WEB, "--listen", "192.0.2.1:5300"], 1, "this machine does not have that address"],
      [["--manifests", "/nowhere.yaml"], 1, "cannot read /nowhere.yaml: no such file or folder"],
      [["--manifests", path], 1, `${path}:3: Service a: spec.ports.0: port must be 1 to 65535`],
      [["--manifests", WEB, "--port", "1"], 2, "Unknown option '--port'"],
      [["--manifests", WEB, "--zone", "a..b"], 2, "not a domain name"],
    ];
    for (const [words, code, message] of cases) {
      const result = runCommand(words);
      expect([words, result.code, result.stdout]).toEqual([words, code, ""]);
      expect(result.stderr).toContain(message);
    }
    expect(runCommand(["--help"])).toMatchObject({ code: 0, stderr: "" });
  });
});

/** A resolver of flat names, as the engine's is: `set` gives a container an address or takes it away. */
async function engineResolver(zone: Zone) {
  zone.upsert("Namespace", { metadata: { name: "default" } });
  zone.upsert("Service", { metadata: { name: "outside" }, spec: { clusterIP: "192.0.2.1", ports: [{ port: 80 }] } });
  zone.synced();
  const server = await startDnsServer({
    zone,
    udp: { address: "127.0.0.1", port: 0 },
    log: createLog({ component: "engine", level: "error" }),
  });
  closers.push(() => server.close());
  const containers = new Map<string, string>();
  // Flat names are nothing a zone has, so a socket in front answers those itself and passes on the rest.
  const front = createSocket("udp4").bind(0, "127.0.0.1");
  await once(front, "listening");
  closers.push(() => front.close());
  const behind = server.udpAddresses[0]?.port ?? 0;
  const askers = new Map<number, { readonly port: number; readonly address: string }>();
  front.on("message", (message, remote) => {
    if (remote.port === behind) {
      const asker = askers.get(message.readUInt16BE(0));
      if (asker !== undefined) front.send(message, asker.port, asker.address);
      return;
    }
    const label = message.toString("latin1", 13, 13 + (message[12] ?? 0));
    if (message[13 + label.length] !== 0) {
      askers.set(message.readUInt16BE(0), remote);
      front.send(message, behind, "127.0.0.1");
      return;
    }
    const end = 13 + label.length + 5;
    const address = message.readUInt16BE(end - 4) === 1 ? containers.get(label) : undefined;
    const answer = Buffer.concat([
      message.subarray(0, end),
      address === undefined ? Buffer.alloc(0) : addressRecord(address),
    ]);
    answer[2] = 0x81;
    answer[3] = containers.has(label) ? 0 : 3;
    answer.writeUInt16BE(address === undefined ? 0 : 1, 6);
    answer.writeUInt16BE(0, 10);
    front.send(answer, remote.port, remote.address);
  });
  return {
    address: `127.0.0.1:${front.address().port}`,
    set: (name: string, address: string | undefined) =>
      address === undefined ? containers.delete(name) : containers.set(name, address),
  };
}

function addressRecord(address: string): Buffer {
  return Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 2, 88, 0, 4, ...address.split(".").map(Number)]);
}
