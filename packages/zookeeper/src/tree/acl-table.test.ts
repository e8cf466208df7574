import fc from "fast-check";
import { expect, test } from "vitest";

import type { Acl } from "../jute/data-records.ts";
import { AclTable, OPEN_ACL, OPEN_ACL_KEY } from "./acl-table.ts";

const acl = (perms: number, id: string): Acl[] => [{ perms, id: { scheme: "digest", id } }];

test("keys count up from 1, equal lists share one, and a list without a use goes", () => {
  const table = new AclTable();
  expect([table.use(acl(1, "a")), table.use(acl(1, "b")), table.use(acl(1, "a"))]).toEqual([1, 2, 1]);
  expect(table.size).toBe(2);
  table.release(1);
  expect(table.get(1)).toEqual(acl(1, "a"));
  table.release(1);
  expect(table.size).toBe(1);
  // A key is never another list's again.
  expect(table.use(acl(1, "a"))).toBe(3);
});

test("no list is the open one, which is not counted", () => {
  const table = new AclTable();
  expect(table.use(null)).toBe(OPEN_ACL_KEY);
  table.release(OPEN_ACL_KEY);
  expect([table.get(OPEN_ACL_KEY), table.size]).toEqual([OPEN_ACL, 0]);
});

test("the open list written out has a key as any other", () => {
  expect(new AclTable().use(OPEN_ACL)).toBe(1);
});

test("after a snapshot numbering goes on, unused lists go, and a key nobody knows lets nobody in", () => {
  const table = new AclTable();
  table.restore(7, acl(1, "a"));
  table.restore(9, acl(1, "b"));
  expect(table.useKey(7)).toBe(7);
  const unknown = table.useKey(10);
  expect(unknown).not.toBe(10);
  table.purgeUnused();
  expect(table.entries()).toEqual([[7, acl(1, "a")]]);
  expect(table.use(acl(1, "c"))).toBe(10);
  table.release(unknown);
  expect(table.get(10)).toEqual(acl(1, "c"));
  expect(table.get(unknown).every(({ perms }) => perms === 0)).toBe(true);
});

test("lists are the same just when all their fields are", () => {
  const text = fc.string({ unit: fc.constantFrom("a", ",", ":", ";", "1"), maxLength: 3 });
  const list = fc.array(fc.record({ perms: fc.nat(2), id: fc.record({ scheme: text, id: text }) }), { maxLength: 2 });
  fc.assert(
    fc.property(list, list, (a, b) => {
      const table = new AclTable();
      const keys = [table.use(a), table.use(b), table.use(structuredClone(a))];
      expect(keys[0] === keys[1]).toBe(JSON.stringify(a) === JSON.stringify(b));
      expect(keys[2]).toBe(keys[0]);
    }),
    { numRuns: 300 },
  );
});
