import fc from "fast-check";
import { expect, test } from "vitest";

import { CONTAINER_OWNER, ephemeralType, isTtl, TTL_MAX, ttlOf, ttlToOwner } from "./ephemeral-type.ts";

const PLAIN = { extendedTypesEnabled: false, emulate353TtlNodes: false };
const EXTENDED = { ...PLAIN, extendedTypesEnabled: true };
const EMULATED = { extendedTypesEnabled: true, emulate353TtlNodes: true };

test("owners mean what the original makes of them", () => {
  const ttl = BigInt.asIntN(64, 0xff00_0000_0000_03e8n);
  const reserved = BigInt.asIntN(64, 0xff00_0100_0000_0000n);
  const old = BigInt.asIntN(64, 0x8000_0000_0000_03e8n);
  const rows = [0n, 5n, CONTAINER_OWNER, ttl, reserved, old].map((owner) => [
    ephemeralType(owner, PLAIN),
    ephemeralType(owner, EXTENDED),
    ephemeralType(owner, EMULATED),
  ]);
  expect(rows).toEqual([
    ["void", "void", "void"],
    ["normal", "normal", "normal"],
    ["container", "container", "container"],
    ["normal", "ttl", "ttl"],
    ["normal", "normal", "ttl"],
    ["normal", "normal", "ttl"],
  ]);
  expect([ttlOf(ttl, EXTENDED), ttlOf(old, EMULATED)]).toEqual([1000, 1000]);
});

test("a time to live comes back from its owner", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: TTL_MAX }), (ttl) => {
      const owner = ttlToOwner(ttl);
      expect(BigInt.asUintN(64, owner)).toBe(0xff00_0000_0000_0000n | BigInt(ttl));
      expect(ephemeralType(owner, EXTENDED)).toBe("ttl");
      expect(ttlOf(owner, EXTENDED)).toBe(ttl);
    }),
  );
});

test("times to live have bounds", () => {
  expect([0, -1, 1.5, TTL_MAX + 1].map(isTtl)).toEqual([false, false, false, false]);
  expect([1, TTL_MAX].map(isTtl)).toEqual([true, true]);
});
