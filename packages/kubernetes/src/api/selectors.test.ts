import { describe, expect, it } from "vitest";

import type { KubeObject } from "./object.ts";
import { parseFieldSelector, parseLabelSelector } from "./selectors.ts";
import { notes, widgets } from "./testing/test-kinds.ts";

function labelled(labels: Record<string, string>): KubeObject {
  const metadata = { name: "a", namespace: "default", uid: "u", resourceVersion: "1", creationTimestamp: "", labels };
  return { apiVersion: "v1", kind: "Widget", metadata, spec: { replicas: 2 } };
}

describe("label selectors", () => {
  const object = labelled({ app: "nginx", tier: "web", number: "5", empty: "" });

  it.each([
    ["", true],
    ["app=nginx", true],
    ["app==nginx,tier=web", true],
    ["app = nginx", true],
    ["app!=nginx", false],
    ["nope!=x", true],
    ["app in (nginx, redis)", true],
    ["app notin (nginx)", false],
    ["nope notin (x)", true],
    ["app", true],
    ["nope", false],
    ["!nope", true],
    ["!app", false],
    ["number>4", true],
    ["number<5", false],
    ["empty=", true],
    ["empty in (,x)", true],
    ["app=nginx,!tier", false],
    ["constructor", false],
    ["__proto__x", false],
  ])("%j matches: %s", (selector, expected) => {
    // A name may not begin with underscores.
    if (selector === "__proto__x") expect(() => parseLabelSelector(selector)).toThrow(/Invalid value/);
    else expect(parseLabelSelector(selector)(object)).toBe(expected);
  });

  it.each([
    ["app in (x", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["app=a,", "found '', expected: identifier after ','"],
    ["=a", "unable to parse requirement: found '=', expected: !, identifier, or ''"],
    ["app in x", "unable to parse requirement: found 'x', expected: '('"],
    ["app x", "unable to parse requirement: found 'x', expected: in, notin, =, ==, !=, gt, lt"],
    [
      "number>a",
      "unable to parse requirement: values[0]: Invalid value: \"a\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ])("refuses %j", (selector, message) => {
    expect(() => parseLabelSelector(selector)).toThrow(message);
  });
});

describe("field selectors", () => {
  it.each([
    ["metadata.name=a", true],
    ["metadata.name!=a", false],
    ["metadata.name==a,metadata.namespace=default", true],
    ["spec.replicas=2", true],
    ["spec.replicas!=2", false],
    ["", true],
  ])("%j matches: %s", (selector, expected) => {
    expect(parseFieldSelector(widgets, selector)(labelled({}))).toBe(expected);
  });

  it("refuses other fields in the words of the kind", () => {
    expect(() => parseFieldSelector(widgets, "spec.colour=red")).toThrow("field label not supported: spec.colour");
    expect(() => parseFieldSelector(notes, "spec.x=1")).toThrow(
      '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    expect(() => parseFieldSelector(widgets, "spec")).toThrow("invalid selector: 'spec'; can't understand 'spec'");
  });
});
