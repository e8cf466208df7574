import { Packet } from "dns2";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { askMessage, recordText } from "../testing/packet-text.ts";
import { type RecordData, RecordType, type ResourceRecord } from "../zone/record.ts";
import { MESSAGE_BYTES_MAX, MessageWriter } from "./message-writer.ts";

const QUESTION = ["Nginx", "default", "svc", "Cluster", "local"];
const start = askMessage(`${QUESTION.join(".")} A`);

/** The records as dns2 reads them back from a message with our question. */
function readBack(records: readonly ResourceRecord[]): { readonly texts: readonly string[]; readonly octets: number } {
  const writer = new MessageWriter(QUESTION, start.length);
  const written = records.filter((record) => writer.append(record)).length;
  const message = Buffer.from(writer.buffer.subarray(0, writer.length));
  start.copy(message);
  message.writeUInt16BE(written, 6);
  const packet = Packet.parse(message);
  expect(packet.errors).toEqual([]);
  return { texts: packet.answers.map(recordText), octets: message.length };
}

function textOf({ owner, ttlSeconds, data }: ResourceRecord): string {
  return `${owner ?? QUESTION.join(".")} ${ttlSeconds} ${dataText(data)}`;
}

function dataText(data: RecordData): string {
  switch (data.kind) {
    case "address":
      return data.bytes.length === 4 ? `A ${data.bytes.join(".")}` : `AAAA ${compressed(data.bytes)}`;
    case "name":
      return `${data.type === RecordType.NS ? "NS" : data.type === RecordType.PTR ? "PTR" : "CNAME"} ${data.target}`;
    case "service":
      return `SRV ${data.priority} ${data.weight} ${data.port} ${data.target}`;
    case "text":
      return `TXT ${JSON.stringify(data.text)}`;
    case "authority": {
      const { primary, mailbox, serial, refreshSeconds, retrySeconds, expireSeconds, minimumSeconds } = data;
      return ["SOA", primary, mailbox, serial, refreshSeconds, retrySeconds, expireSeconds, minimumSeconds].join(" ");
    }
  }
}

function compressed(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
// Few labels, so that suffixes are shared, in the question's own and in other spellings.
const name = fc
  .array(fc.oneof(label, fc.constantFrom(...QUESTION, "nginx", "cluster")), { minLength: 1, maxLength: 6 })
  .map((labels) => labels.join("."));
const uint16 = fc.nat(65_535);
const uint32 = fc.nat(0x7fffffff);
const data: fc.Arbitrary<RecordData> = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ({ kind: "address" as const, bytes })),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => ({ kind: "address" as const, bytes })),
  fc.record({
    kind: fc.constant("name" as const),
    type: fc.constantFrom(RecordType.CNAME, RecordType.NS, RecordType.PTR),
    target: name,
  }),
  fc.record({ kind: fc.constant("service" as const), priority: uint16, weight: uint16, port: uint16, target: name }),
  fc.record({ kind: fc.constant("text" as const), text: fc.stringMatching(/^[ -~]{1,255}$/) }),
  fc.record({
    kind: fc.constant("authority" as const),
    primary: name,
    mailbox: name,
    serial: uint32,
    refreshSeconds: uint32,
    retrySeconds: uint32,
    expireSeconds: uint32,
    minimumSeconds: uint32,
  }),
);
const record: fc.Arbitrary<ResourceRecord> = fc.record({ owner: fc.option(name), ttlSeconds: uint32, data });

describe("MessageWriter", () => {
  it("writes records that an independent reader reads back, each in its own spelling", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (records) => {
        expect(readBack(records).texts).toEqual(records.map(textOf));
      }),
      { numRuns: 300 },
    );
  });

  it("points at names instead of writing them again", () => {
    const address = { kind: "address" as const, bytes: Uint8Array.of(1, 2, 3, 4) };
    const target = "web-0.Nginx.default.svc.Cluster.local";
    const service: RecordData = { kind: "service", priority: 0, weight: 1, port: 80, target };
    const records = [
      { owner: null, ttlSeconds: 5, data: service },
      { owner: target, ttlSeconds: 5, data: address },
      { owner: "Cluster.local", ttlSeconds: 5, data: address },
    ];
    // The SRV target itself is written out: 39 octets; every owner is a pointer.
    expect(readBack(records).octets - start.length).toBe(12 + 6 + 39 + 16 + 16);
  });

  it("stops before a message is longer than a message can be, and what it wrote is whole", () => {
    const records = Array.from({ length: 5000 }, (_, index): ResourceRecord => {
      const data = {
        kind: "service" as const,
        priority: 0,
        weight: 1,
        port: index,
        target: `pod-${index}.Nginx.default.svc.Cluster.local`,
      };
      return { owner: null, ttlSeconds: 5, data };
    });
    const { texts, octets } = readBack(records);
    expect(octets).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
    expect(octets).toBeGreaterThan(MESSAGE_BYTES_MAX - 70);
    expect(texts).toEqual(records.slice(0, texts.length).map(textOf));
  });
});
