import { describe, expect, it } from "vitest";

import { askMessage, readAnswer } from "../testing/packet-text.ts";
import { createZone, type Zone } from "../zone/zone.ts";
import { AnswerCache } from "./answer-cache.ts";
import { Responder, type Response, type Transport } from "./responder.ts";

const NAME = "many.default.svc.cluster.local";

function headless(zone: Zone, endpointCount: number): void {
  zone.upsert("Namespace", { metadata: { name: "default" } });
  zone.upsert("Service", {
    metadata: { name: "many" },
    spec: { clusterIP: "None", ports: [{ name: "web", port: 80 }] },
  });
  for (let first = 0; first < endpointCount; first += 1000) {
    const endpoints = Array.from({ length: Math.min(1000, endpointCount - first) }, (_, index) => ({
      addresses: [`10.${(first + index) >>> 16}.${((first + index) >>> 8) & 255}.${(first + index) & 255}`],
      hostname: `pod-${first + index}`,
    }));
    const labels = { "kubernetes.io/service-name": "many" };
    zone.upsert("EndpointSlice", {
      metadata: { name: `many-${first}`, labels },
      ports: [{ name: "web", port: 80 }],
      endpoints,
    });
  }
}

function setUp(endpointCount: number) {
  const zone = createZone();
  headless(zone, endpointCount);
  zone.synced();
  let serial = 0;
  const responder = new Responder({ zone, refers: false, nextSerial: () => ++serial });
  const ask = (question: string, options = {}, transport: Transport = "udp") =>
    bytesOf(responder.respond(askMessage(question, options), transport));
  return { zone, ask };
}

function bytesOf(response: Response): Buffer {
  if (response.kind !== "answer") throw new Error(`no answer but ${response.kind}`);
  return response.message;
}

describe("an answer by datagram", () => {
  it("is cut at 512 octets without EDNS, keeps what fits whole, and says so", () => {
    const message = setUp(60).ask(`${NAME} A`);
    const answer = readAnswer(message);
    expect(message.length).toBeLessThanOrEqual(512);
    expect(message.length).toBeGreaterThan(512 - 16);
    expect(answer.flags).toBe("qr aa tc rd");
    expect(answer.answer).toHaveLength(29);
  });

  it("takes an EDNS size below 512 for 512", () => {
    const { ask } = setUp(60);
    expect(readAnswer(ask(`${NAME} A`, { ednsSize: 100 })).answer.length).toBeGreaterThanOrEqual(28);
  });

  it("is cut at the size that EDNS names, its OPT included", () => {
    const { ask } = setUp(200);
    for (const ednsSize of [512, 513, 700, 1232, 1233]) {
      const message = ask(`${NAME} A`, { ednsSize });
      expect(message.length).toBeLessThanOrEqual(ednsSize);
      expect(message.length).toBeGreaterThan(ednsSize - 16);
      expect(readAnswer(message)).toMatchObject({ flags: "qr aa tc rd", edns: { size: ednsSize } });
    }
  });

  it("fills what is asked for if that is all there is to say", () => {
    const answer = readAnswer(setUp(60).ask(`${NAME} A`, { ednsSize: 4096 }));
    expect(answer.flags).toBe("qr aa rd");
    expect(answer.answer).toHaveLength(60);
  });

  it("loses its additional records before its answers", () => {
    const answer = readAnswer(setUp(12).ask(`${NAME} SRV`, { ednsSize: 850 }));
    expect(answer.flags).toContain("tc");
    expect(answer.answer).toHaveLength(12);
    expect(answer.additional.length).toBeGreaterThan(0);
    expect(answer.additional.length).toBeLessThan(12);
  });

  it("is never longer than a datagram can be", () => {
    expect(setUp(5000).ask(`${NAME} A`, { ednsSize: 65_535 }).length).toBeLessThanOrEqual(65_507);
  });
});

describe("an answer by stream", () => {
  it("holds every record of thousands", () => {
    const answer = readAnswer(setUp(4000).ask(`${NAME} A`, {}, "tcp"));
    expect(answer.flags).toBe("qr aa rd");
    expect(new Set(answer.answer).size).toBe(4000);
  });

  it.each(["A", "SRV"])("of more than 65535 octets is cut and says so: 5000 %s records", (type) => {
    const message = setUp(5000).ask(`${NAME} ${type}`, { ednsSize: 1232 }, "tcp");
    expect(message.length).toBeLessThanOrEqual(65_535);
    expect(message.length).toBeGreaterThan(65_400);
    expect(readAnswer(message).flags).toContain("tc");
  });
});

describe("a change", () => {
  it("is in the very next answer, with another serial", () => {
    const { zone, ask } = setUp(1);
    expect(readAnswer(ask(`${NAME} A`)).answer).toEqual([`${NAME} 5 A 10.0.0.0`]);
    const before = readAnswer(ask("cluster.local SOA")).answer;
    zone.upsert("EndpointSlice", {
      metadata: { name: "many-0", labels: { "kubernetes.io/service-name": "many" } },
      endpoints: [{ addresses: ["10.9.9.9"], hostname: "pod-0" }],
    });
    expect(readAnswer(ask(`${NAME} A`)).answer).toEqual([`${NAME} 5 A 10.9.9.9`]);
    expect(readAnswer(ask("cluster.local SOA")).answer).not.toEqual(before);
    expect(readAnswer(ask("0.0.0.10.in-addr.arpa PTR")).code).toBe("NXDOMAIN");
    expect(readAnswer(ask("9.9.9.10.in-addr.arpa PTR")).answer).toEqual([`9.9.9.10.in-addr.arpa 5 PTR pod-0.${NAME}`]);
  });

  it("of a slice's service takes its endpoints away from the former one", () => {
    const { zone, ask } = setUp(1);
    const labels = { "kubernetes.io/service-name": "elsewhere" };
    zone.upsert("EndpointSlice", { metadata: { name: "many-0", labels }, endpoints: [{ addresses: ["10.0.0.0"] }] });
    expect(readAnswer(ask(`${NAME} A`)).code).toBe("NXDOMAIN");
  });

  it("that removes objects removes their names", () => {
    const { zone, ask } = setUp(2);
    zone.remove("EndpointSlice", { metadata: { name: "many-0" } });
    expect(readAnswer(ask(`${NAME} A`)).code).toBe("NXDOMAIN");
    expect(readAnswer(ask("1.0.0.10.in-addr.arpa PTR")).code).toBe("NXDOMAIN");
    zone.remove("Service", { metadata: { name: "many" } });
    zone.remove("Namespace", { metadata: { name: "default" } });
    expect(readAnswer(ask("default.svc.cluster.local A")).code).toBe("NXDOMAIN");
    zone.remove("Service", { metadata: { name: "never-there" } });
  });
});

describe("before the zone is synced", () => {
  it("a missing name is SERVFAIL with the SOA, and one that is there is answered", () => {
    const zone = createZone();
    headless(zone, 1);
    const responder = new Responder({ zone, refers: false, nextSerial: () => 7 });
    const ask = (question: string) => readAnswer(bytesOf(responder.respond(askMessage(question), "udp")));
    const missing = ask("gone.default.svc.cluster.local A");
    expect([missing.code, missing.flags, missing.authority.length]).toEqual(["SERVFAIL", "qr aa rd", 1]);
    expect(ask(`${NAME} A`).code).toBe("NOERROR");
    zone.synced();
    expect(ask("gone.default.svc.cluster.local A").code).toBe("NXDOMAIN");
  });
});

describe("a zone of another name and TTL", () => {
  it("answers with both", () => {
    const zone = createZone({ zone: "Lab.Example.", ttlSeconds: 600 });
    headless(zone, 1);
    zone.synced();
    const responder = new Responder({ zone, refers: false, nextSerial: () => 7 });
    const ask = (question: string) => readAnswer(bytesOf(responder.respond(askMessage(question), "udp")));
    expect(ask("many.default.svc.lab.example A").answer).toEqual(["many.default.svc.lab.example 600 A 10.0.0.0"]);
    expect(ask("x.lab.example A").authority).toEqual([
      "lab.example 300 SOA ns.dns.lab.example hostmaster.lab.example 7 7200 1800 86400 600",
    ]);
    expect(ask("many.default.svc.cluster.local A").code).toBe("REFUSED");
    expect(ask("lab.example NS").code).toBe("NOERROR");
  });

  it.each([
    { zone: "" },
    { zone: "a..b" },
    { zone: `${"a".repeat(60)}` },
    { zone: "10.0.0.1" },
    { ttlSeconds: 3601 },
    { ttlSeconds: -1 },
    { dnsServiceAddress: "x" },
  ])("is refused out of bounds: %j", (options) => {
    expect(() => createZone(options)).toThrow(RangeError);
  });
});

describe("AnswerCache", () => {
  it("never holds more than its bound, whatever questions are made up", () => {
    const cache = new AnswerCache(100_000);
    const answer = {
      body: Buffer.alloc(200),
      recordEnds: new Uint32Array(3),
      counts: [1, 0, 0] as const,
      code: 0,
      authoritative: true,
      truncated: false,
    };
    for (let index = 0; index < 10_000; index++) {
      cache.set(`question ${index}`, answer);
      expect(cache.bytes).toBeLessThanOrEqual(100_000);
    }
    expect(cache.get("question 9999")).toBe(answer);
    cache.clear();
    expect([cache.bytes, cache.get("question 9999")]).toEqual([0, undefined]);
  });
});
