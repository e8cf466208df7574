/** Programs that people already have, against the server: dig and nslookup of BIND, and our nslookup in BusyBox's layout. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createZone, type DnsServer, nslookupProgram, startDnsServer } from "@ordinal/dns";
import { createLog } from "@ordinal/io";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { lines, missing } from "./command.ts";

const NGINX = "nginx.default.svc.cluster.local";
const RESOLVER = "127.0.0.53";
let servers: DnsServer[] = [];
let port = 0;
let folder = "";

beforeAll(async () => {
  const zone = createZone({ dnsServiceAddress: RESOLVER });
  for (const name of ["default", "kube-system"]) zone.upsert("Namespace", { metadata: { name } });
  const dns = { clusterIP: RESOLVER, ports: [{ name: "dns", protocol: "UDP", port: 53 }] };
  zone.upsert("Service", { metadata: { name: "kube-dns", namespace: "kube-system" }, spec: dns });
  const headless = { clusterIP: "None", ports: [{ name: "web", port: 80 }] };
  for (const [service, count] of [
    ["nginx", 2],
    ["many", 100],
  ] as const) {
    zone.upsert("Service", { metadata: { name: service }, spec: headless });
    const endpoints = Array.from({ length: count }, (_, index) => ({
      addresses: [`127.1.${count}.${10 + index}`],
      hostname: `web-${index}`,
    }));
    const labels = { "kubernetes.io/service-name": service };
    zone.upsert("EndpointSlice", {
      metadata: { name: service, labels },
      ports: [{ name: "web", port: 80 }],
      endpoints,
    });
  }
  zone.synced();
  const log = createLog({ component: "dns", level: "warn" });
  const tcp = await startDnsServer({ zone, tcp: { address: RESOLVER, port: 0 }, log });
  port = tcp.tcpAddresses[0]?.port ?? 0;
  servers = [tcp, await startDnsServer({ zone, udp: { address: RESOLVER, port }, log })];
  folder = mkdtempSync(join(tmpdir(), "ordinal-dns-"));
  const search = "search default.svc.cluster.local svc.cluster.local cluster.local";
  writeFileSync(join(folder, "resolv.conf"), `${search}\nnameserver ${RESOLVER}:${port}\noptions ndots:5 timeout:1\n`);
});

afterAll(async () => {
  for (const server of servers) await server.close();
  rmSync(folder, { recursive: true });
});

const noDig = missing("dig");
describe.skipIf(noDig !== null)(`dig${noDig === null ? "" : ` (skipped: ${noDig})`}`, () => {
  const dig = (...words: string[]) =>
    lines("dig", [`@${RESOLVER}`, "-p", String(port), "+noall", "+nomultiline", ...words]);
  const answers = async (...words: string[]) =>
    (await dig("+answer", ...words)).map((line) => line.replace(/\s+/g, " ")).sort();

  it.each(["+notcp", "+tcp"])("%s sees addresses, services and names", async (transport) => {
    expect(await answers(transport, NGINX)).toEqual([`${NGINX}. 5 IN A 127.1.2.10`, `${NGINX}. 5 IN A 127.1.2.11`]);
    expect(await answers(transport, `_web._tcp.${NGINX}`, "SRV")).toEqual([
      `_web._tcp.${NGINX}. 5 IN SRV 0 50 80 web-0.${NGINX}.`,
      `_web._tcp.${NGINX}. 5 IN SRV 0 50 80 web-1.${NGINX}.`,
    ]);
    expect(await answers(transport, "-x", "127.1.2.11")).toEqual([`11.2.1.127.in-addr.arpa. 5 IN PTR web-1.${NGINX}.`]);
    expect(await answers(transport, "dns-version.cluster.local", "TXT")).toEqual([
      'dns-version.cluster.local. 28800 IN TXT "1.1.0"',
    ]);
    expect(await answers(transport, "cluster.local", "NS")).toEqual([
      "cluster.local. 5 IN NS kube-dns.kube-system.svc.cluster.local.",
    ]);
  });

  it("turns to TCP for an answer that is cut, and gets all of it", async () => {
    expect(await answers("many.default.svc.cluster.local", "+bufsize=512")).toHaveLength(100);
    expect(await answers("many.default.svc.cluster.local", "+noedns", "+ignore")).toHaveLength(29);
  });

  it.each([
    ["NXDOMAIN", ["gone.default.svc.cluster.local"]],
    ["REFUSED", ["www.example.com"]],
    ["REFUSED", ["cluster.local", "IXFR=1"]],
    ["BADVERS", ["+edns=1", "+noednsneg", NGINX]],
    ["NOTIMP", ["+opcode=5", NGINX]],
    ["FORMERR", ["+header-only"]],
  ])("reports %s for %j", async (status, words) => {
    expect((await dig("+comments", ...words)).join("\n")).toContain(`status: ${status}`);
  });

  it("finds nothing to warn about in an answer", async () => {
    const text = (await dig("+comments", "+norecurse", "+nocookie", "+answer", NGINX)).join("\n");
    expect(text).toContain("flags: qr aa; QUERY: 1, ANSWER: 2");
    expect(text).not.toMatch(/malformed|mismatch|extra|garbage/i);
  });
});

const noNslookup = missing("nslookup");
describe.skipIf(noNslookup !== null)(`BIND's nslookup${noNslookup === null ? "" : ` (skipped: ${noNslookup})`}`, () => {
  it("resolves a pod's name", async () => {
    const text = (await lines("nslookup", [`-port=${port}`, `web-0.${NGINX}`, RESOLVER])).join("\n");
    expect(text).toContain(`Name:\tweb-0.${NGINX}\nAddress: 127.1.2.10`);
  });
});

describe("nslookup in BusyBox's layout", () => {
  const [node = "", ...leading] = nslookupProgram;
  const nslookup = async (...words: string[]) =>
    (
      await lines(node, [...leading, ...words], { ...process.env, ORDINAL_RESOLV_CONF: join(folder, "resolv.conf") })
    ).join("\n");
  const server = `Server:    ${RESOLVER}\nAddress 1: ${RESOLVER} kube-dns.kube-system.svc.cluster.local\n`;

  it("prints the server and the host with their names, by the search list", async () => {
    expect(await nslookup("web-0.nginx")).toBe(`${server}Name:      web-0.nginx\nAddress 1: 127.1.2.10 web-0.${NGINX}`);
  });

  it("prints every address of a service", async () => {
    const text = await nslookup("nginx");
    expect(text.startsWith(`${server}Name:      nginx\nAddress 1: 127.1.2.`)).toBe(true);
    expect(text.split("\n").filter((line) => line.startsWith("Address 2: 127.1.2."))).toHaveLength(1);
  });

  it("resolves an address to its name, and asks another server if told", async () => {
    expect(await nslookup("127.1.2.11", `${RESOLVER}:${port}`)).toBe(
      `${server}Name:      127.1.2.11\nAddress 1: 127.1.2.11 web-1.${NGINX}`,
    );
  });

  it("says so if a name cannot be resolved, and how it is used", async () => {
    expect(await nslookup("nope")).toBe(`${server}nslookup: can't resolve 'nope'`);
    expect(await nslookup()).toContain("Usage: nslookup HOST [SERVER]");
    expect(await nslookup("web-0.nginx", "no server")).toContain("nslookup: bad address 'no server'");
  });
});
