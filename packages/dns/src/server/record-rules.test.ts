/** The record rules, from testdata/record-rules.json, through the octets of question and answer. */
import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { askMessage, readAnswer } from "../testing/packet-text.ts";
import { smallCluster } from "../testing/small-cluster.ts";
import { Responder } from "./responder.ts";

interface Case {
  readonly ask: string;
  readonly code?: string;
  readonly answer?: readonly string[];
  readonly additional?: readonly string[];
  /** Owner of the SOA of an answer without records. */
  readonly zone?: string;
}

const rules = JSON.parse(readFileSync(new URL("../testdata/record-rules.json", import.meta.url), "utf8")) as readonly {
  readonly about: string;
  readonly cases: readonly Case[];
}[];

const responder = new Responder({ zone: smallCluster(), refers: false, nextSerial: () => 7 });

function ask(question: string) {
  const response = responder.respond(askMessage(question, { ednsSize: 4096 }), "udp");
  if (response.kind !== "answer") throw new Error(`no answer to ${question}`);
  return readAnswer(response.message);
}

for (const { about, cases } of rules) {
  describe(about, () => {
    it.each(cases)(
      "$ask is $code $answer",
      ({ ask: question, code = "NOERROR", answer = [], additional = [], zone = "cluster.local" }) => {
        const soa = `${zone} 5 SOA ns.dns.${zone} hostmaster.${zone} 7 7200 1800 86400 5`;
        expect(ask(question)).toEqual({
          id: 4711,
          code,
          flags: code === "REFUSED" ? "qr rd" : "qr aa rd",
          question: [question.replace(/^\. /, " ")],
          answer,
          authority: answer.length > 0 || code === "REFUSED" ? [] : [soa],
          additional,
          edns: { size: 4096, dnssecOk: false, version: 0 },
        });
        // A second time from the kept answer, which must not differ.
        expect(ask(question).answer).toEqual(answer);
      },
    );
  });
}

describe("pods by their addresses", () => {
  const codeAndAnswer = (pods: "insecure" | "verified", question: string) => {
    const other = new Responder({ zone: smallCluster({ pods }), refers: false, nextSerial: () => 7 });
    const response = other.respond(askMessage(question), "udp");
    if (response.kind !== "answer") throw new Error("no answer");
    const { code, answer } = readAnswer(response.message);
    return [code, ...answer];
  };

  it.each([
    ["insecure", "1-2-3-4.default.pod.cluster.local A", ["NOERROR", "1-2-3-4.default.pod.cluster.local 5 A 1.2.3.4"]],
    [
      "insecure",
      "fd00--1.default.pod.cluster.local AAAA",
      ["NOERROR", "fd00--1.default.pod.cluster.local 5 AAAA fd00::1"],
    ],
    ["insecure", "1-2-3-4.nowhere.pod.cluster.local A", ["NXDOMAIN"]],
    ["insecure", "1-2-3.default.pod.cluster.local A", ["NXDOMAIN"]],
    ["insecure", "default.pod.cluster.local A", ["NOERROR"]],
    [
      "verified",
      "10-244-1-10.default.pod.cluster.local A",
      ["NOERROR", "10-244-1-10.default.pod.cluster.local 5 A 10.244.1.10"],
    ],
    ["verified", "10-244-1-10.default.pod.cluster.local AAAA", ["NOERROR"]],
    [
      "verified",
      "fd00-10-244-1--10.default.pod.cluster.local AAAA",
      ["NOERROR", "fd00-10-244-1--10.default.pod.cluster.local 5 AAAA fd00:10:244:1::10"],
    ],
    ["verified", "10-244-1-10.other.pod.cluster.local A", ["NXDOMAIN"]],
    ["verified", "10-244-1-99.default.pod.cluster.local A", ["NXDOMAIN"]],
    ["verified", "1-2-3-4.default.pod.cluster.local A", ["NXDOMAIN"]],
  ] as const)("with mode %s, %s is %j", (mode, question, expected) => {
    expect(codeAndAnswer(mode, question)).toEqual(expected);
  });
});
