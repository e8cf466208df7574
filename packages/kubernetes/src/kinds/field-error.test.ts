import { describe, expect, test } from "vitest";

import {
  fieldErrorBody,
  fieldErrorMessage,
  fieldErrorReason,
  forbidden,
  GoText,
  goQuote,
  invalid,
  invalidObject,
  notSupported,
  required,
  tooLong,
  tooMany,
} from "./field-error.ts";

describe("an error of a field", () => {
  test.each([
    [required("a"), "a: Required value"],
    [required("a", "why"), "a: Required value: why"],
    [forbidden("a", "why"), "a: Forbidden: why"],
    [tooLong("a", 5), "a: Too long: may not be more than 5 bytes"],
    [tooMany("a", 6, 5), "a: Too many: 6: must have at most 5 items"],
    [notSupported("a", "x", ["A", "B"]), 'a: Unsupported value: "x": supported values: "A", "B"'],
    [invalid("a", "x", "why"), 'a: Invalid value: "x": why'],
    [invalid("a", -2, "why"), "a: Invalid value: -2: why"],
    [invalid("a", true, ""), "a: Invalid value: true"],
    [invalid("a", null, "why"), 'a: Invalid value: "null": why'],
    [invalid("a", ["x", "y"], "why"), 'a: Invalid value: []string{"x", "y"}: why'],
    [invalid("a", { b: "2", a: "1" }, "why"), 'a: Invalid value: map[string]string{"a":"1", "b":"2"}: why'],
    [invalid("a", new GoText("map[string]string(nil)"), "why"), "a: Invalid value: map[string]string(nil): why"],
  ])("%o reads %s", (error, message) => {
    expect(fieldErrorMessage(error)).toBe(message);
    expect(`${error.path}: ${fieldErrorBody(error)}`).toBe(message);
  });

  test("has the reason of the original", () => {
    expect(
      [required("a"), forbidden("a", ""), tooLong("a", 1), tooMany("a", 2, 1), invalid("a", "", "")].map(
        fieldErrorReason,
      ),
    ).toEqual([
      "FieldValueRequired",
      "FieldValueForbidden",
      "FieldValueTooLong",
      "FieldValueTooMany",
      "FieldValueInvalid",
    ]);
  });
});

test.each([
  ['a "b" \\', '"a \\"b\\" \\\\"'],
  ["line\nbreak\ttab", '"line\\nbreak\\ttab"'],
  ["\u0000\u001b\u007f", '"\\x00\\x1b\\x7f"'],
  ["é 漢 🦀", '"é 漢 🦀"'],
  ["\u200b\u00a0", '"\\u200b\\u00a0"'],
])("Go quotes %j as %s", (text, quoted) => {
  expect(goQuote(text)).toBe(quoted);
});

test("an object with problems is refused as the original refuses it", () => {
  const errors = [required("spec.selector"), invalid("spec.replicas", -1, "must be greater than or equal to 0")];
  const refusal = invalidObject("StatefulSet", "apps", "x", errors);
  expect(refusal.code).toBe(422);
  expect(refusal.message).toBe(
    'StatefulSet.apps "x" is invalid: [spec.selector: Required value, spec.replicas: Invalid value: -1: must be greater than or equal to 0]',
  );
  expect(refusal.details).toEqual({
    name: "x",
    group: "apps",
    kind: "StatefulSet",
    causes: [
      { reason: "FieldValueRequired", message: "Required value", field: "spec.selector" },
      {
        reason: "FieldValueInvalid",
        message: "Invalid value: -1: must be greater than or equal to 0",
        field: "spec.replicas",
      },
    ],
  });
  expect(invalidObject("Service", "", "s", errors.slice(0, 1)).message).toBe(
    'Service "s" is invalid: spec.selector: Required value',
  );
});
