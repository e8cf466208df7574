/** Messages that are no plain question: each gets exactly what miekg/dns gives it under CoreDNS, and none does harm. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { askMessage, readAnswer } from "../testing/packet-text.ts";
import { smallCluster } from "../testing/small-cluster.ts";
import { Responder } from "./responder.ts";

const QUESTION = "web.default.svc.cluster.local A";
const responder = new Responder({ zone: smallCluster(), refers: false, nextSerial: () => 7 });
const plain = askMessage(QUESTION);
const withOption = askMessage(QUESTION, { ednsSize: 1232 });

function respond(message: Buffer): Buffer | null {
  const response = responder.respond(message, "udp");
  return response.kind === "answer" ? response.message : null;
}

/** A copy with octets replaced from an offset on. */
function patched(message: Buffer, offset: number, ...octets: readonly number[]): Buffer {
  const copy = Buffer.from(message);
  copy.set(octets, offset);
  return copy;
}

const nameEnd = 12 + "web.default.svc.cluster.local".length + 2;
const record = Buffer.from([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]);

describe("an odd message", () => {
  it.each([
    ["nothing at all", Buffer.alloc(0)],
    ["a header cut short", plain.subarray(0, 11)],
    ["a response", patched(plain, 2, 0x81)],
    ["a response with another opcode", patched(plain, 2, 0xa8)],
  ])("is met with silence: %s", (_what, message) => {
    expect(respond(message)).toBeNull();
  });

  it.each([
    ["no question", patched(plain, 4, 0, 0), "FORMERR", 0],
    ["only a header", patched(plain, 4, 0, 0).subarray(0, 12), "FORMERR", 0],
    ["two questions", patched(plain, 4, 0, 2), "FORMERR", 0],
    ["two answers", patched(plain, 6, 0, 2), "FORMERR", 0],
    ["two authorities", patched(plain, 8, 0, 2), "FORMERR", 0],
    ["three additional records", patched(plain, 10, 0, 3), "FORMERR", 0],
    ["a name cut short", plain.subarray(0, nameEnd - 3), "FORMERR", 0],
    ["a question without its class", plain.subarray(0, nameEnd + 2), "FORMERR", 0],
    ["a label of a reserved kind", patched(plain, 12, 0x43), "FORMERR", 0],
    ["a name that points at itself", patched(plain, 12, 0xc0, 0x0c), "FORMERR", 0],
    ["a name of 256 octets", longName(256), "FORMERR", 0],
    ["an OPT that is announced and missing", patched(plain, 10, 0, 1), "FORMERR", 1],
    [
      "an option longer than its OPT",
      Buffer.concat([withOption.subarray(0, -2), Buffer.from([0, 4, 0, 10, 0, 9])]),
      "FORMERR",
      1,
    ],
    ["an OPT longer than the message", patched(withOption, withOption.length - 1, 9), "FORMERR", 1],
    ["a status request", patched(plain, 2, 0x10), "NOTIMP", 0],
    ["an inverse query", patched(plain, 2, 0x08), "NOTIMP", 0],
    ["an update", patched(plain, 2, 0x28), "NOTIMP", 0],
    ["class CHAOS", patched(plain, nameEnd + 3, 3), "REFUSED", 1],
    ["class ANY", patched(plain, nameEnd + 3, 255), "REFUSED", 1],
    ["a name of 255 octets", longName(255), "REFUSED", 1],
  ])("is answered by its code alone: %s", (_what, message, code, questions) => {
    const answer = readAnswer(respond(message) ?? Buffer.alloc(0));
    expect([answer.code, answer.question.length, answer.answer, answer.authority]).toEqual([code, questions, [], []]);
    expect(answer.id).toBe(4711);
    expect(answer.flags.startsWith("qr")).toBe(true);
    expect(answer.flags).not.toContain("aa");
  });

  it("of a later EDNS version is BADVERS in an OPT of version 0", () => {
    const answer = readAnswer(respond(askMessage(QUESTION, { ednsVersion: 1, ednsSize: 1400 })) ?? Buffer.alloc(0));
    expect(answer).toMatchObject({ code: "BADVERS", answer: [], edns: { version: 0, size: 1400 } });
  });

  it("that is a NOTIFY is answered as a question and keeps its opcode", () => {
    const message = respond(patched(plain, 2, 0x20)) ?? Buffer.alloc(0);
    expect(message[2]).toBe(0xa4);
    expect(readAnswer(message).answer).toEqual(["web.default.svc.cluster.local 5 A 10.96.0.1"]);
  });

  it.each([
    ["a record beside the question", Buffer.concat([patched(plain, 6, 0, 1), record])],
    ["a record and an OPT", Buffer.concat([patched(plain, 10, 0, 2), record, withOption.subarray(plain.length)])],
    ["octets after the question", Buffer.concat([plain, Buffer.from("left over")])],
  ])("is answered if it only says more than it must: %s", (_what, message) => {
    expect(readAnswer(respond(message) ?? Buffer.alloc(0)).answer).toEqual([
      "web.default.svc.cluster.local 5 A 10.96.0.1",
    ]);
  });

  it("with a dot inside a label is no name of ours", () => {
    const message = patched(plain, 12, 11, ...Buffer.from("web.default"));
    expect(readAnswer(respond(message) ?? Buffer.alloc(0)).code).toBe("NXDOMAIN");
  });

  it("gets its own flags back, and DO, and no option", () => {
    const asked = askMessage(QUESTION, { ednsSize: 4000, dnssecOk: true });
    const answer = respond(patched(asked, 3, 0x30)) ?? Buffer.alloc(0);
    // CD is repeated; AD is not, since nothing was verified.
    expect(answer[3]).toBe(0x10);
    expect(readAnswer(answer).edns).toEqual({ size: 4000, dnssecOk: true, version: 0 });
  });
});

describe("every truncation of a valid question", () => {
  it.each([
    ["without OPT", plain],
    ["with OPT", withOption],
  ])("is silence, a format error, or the answer: %s", (_what, message) => {
    for (let length = 0; length < message.length; length++) {
      const answer = respond(message.subarray(0, length));
      if (length < 12) expect(answer).toBeNull();
      else expect(readAnswer(answer ?? Buffer.alloc(0)).code).toBe("FORMERR");
    }
  });
});

describe("any octets whatever", () => {
  const bounded = (message: Buffer) => {
    const answer = respond(message);
    if (answer === null) return;
    expect(answer.length).toBeLessThanOrEqual(65_507);
    readAnswer(answer);
  };

  it("get an answer that can be read, or none", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (octets) => bounded(Buffer.from(octets))));
  });

  it("do so too where they are a question with some octets changed", () => {
    const questions = [
      "nginx.default.svc.cluster.local SRV",
      "1.0.96.10.in-addr.arpa PTR",
      "chain.default.svc.cluster.local A",
      QUESTION,
    ];
    const mutations = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...questions), fc.boolean(), mutations, (question, edns, changes) => {
        const message = askMessage(question, edns ? { ednsSize: 1232 } : {});
        for (const [offset, value] of changes) if (offset < message.length) message[offset] = value;
        bounded(message);
      }),
      { numRuns: 500 },
    );
  });
});

/** A question for a name of that many octets. */
function longName(octets: number): Buffer {
  const labels: Buffer[] = [];
  let rest = octets - 1;
  while (rest > 0) {
    const length = Math.min(63, rest - 1 === 64 ? 62 : rest - 1);
    labels.push(Buffer.from([length]), Buffer.alloc(length, "a"));
    rest -= 1 + length;
  }
  return Buffer.concat([plain.subarray(0, 12), ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}
