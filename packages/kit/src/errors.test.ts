import { expect, test } from "vitest";

import { assert, defined, unreachable } from "./assert.ts";
import { CodedError, hasCode, InvariantError, ProtocolError, RefusedError } from "./errors.ts";

test("families are told apart and all carry their code, name and cause", () => {
  const cause = new Error("disk");
  for (const Family of [ProtocolError, RefusedError, InvariantError]) {
    const error = new Family("SOME_CODE", "words", { cause });
    expect([error.code, error.name, error.message, error.cause]).toEqual(["SOME_CODE", Family.name, "words", cause]);
    expect(error).toBeInstanceOf(CodedError);
    const families = [ProtocolError, RefusedError, InvariantError].filter((other) => error instanceof other);
    expect(families).toEqual([Family]);
  }
});

test("hasCode knows Node's errors too and nothing else", () => {
  expect(hasCode(Object.assign(new Error("x"), { code: "ENOENT" }), "ENOENT")).toBe(true);
  expect(hasCode(new RefusedError("A", "x"), "B")).toBe(false);
  expect(hasCode({ code: "A" }, "A")).toBe(false);
  expect(hasCode(undefined, "A")).toBe(false);
});

test("what does not hold is an InvariantError", () => {
  const broken = expect.objectContaining({ code: "INVARIANT_BROKEN", name: "InvariantError" });
  expect(() => assert(false, "a leader has an epoch")).toThrow(broken);
  expect(() => defined(undefined, "epoch")).toThrow(broken);
  expect(() => unreachable("x" as never)).toThrow(broken);
  assert(1, "holds");
  expect(defined(0, "zero")).toBe(0);
});
