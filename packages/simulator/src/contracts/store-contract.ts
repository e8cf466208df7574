import type { Store, StoreOperation, StoreReader, StoreRange } from "@ordinal/io";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const put = (key: string | Uint8Array, value: string): StoreOperation => ({
  kind: "put",
  key: typeof key === "string" ? bytes(key) : key,
  value: bytes(value),
});
const del = (key: string): StoreOperation => ({ kind: "delete", key: bytes(key) });

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function text(value: Uint8Array | undefined): string | undefined {
  return value && new TextDecoder().decode(value);
}

async function rows(store: StoreReader, range?: StoreRange): Promise<string[]> {
  const found: string[] = [];
  for await (const [key, value] of store.iterate(range)) found.push(`${text(key)}=${text(value)}`);
  return found;
}

/**
 * What every version of `Store` does.
 *
 * @param within runs the body with a way to open one and the same store, which is empty at first, and cleans up after it
 */
export function storeContract(
  name: string,
  within: (body: (open: () => Promise<Store>) => Promise<void>) => Promise<void>,
): void {
  const withStore = (body: (store: Store) => Promise<void>): Promise<void> =>
    within(async (open) => {
      const store = await open();
      await body(store);
      await store.close();
    });

  describe(`${name} keeps the contract of Store`, () => {
    test("gives back what was put, and undefined for what was not", () =>
      withStore(async (store) => {
        await store.batch([put("a", "1"), put("b", "")]);
        expect(text(await store.get(bytes("a")))).toBe("1");
        expect(text(await store.get(bytes("b")))).toBe("");
        expect(await store.get(bytes("c"))).toBeUndefined();
        expect(await store.get(bytes(""))).toBeUndefined();
      }));

    test("takes the operations of a batch in order", () =>
      withStore(async (store) => {
        await store.batch([put("a", "1"), del("a"), put("b", "1"), put("b", "2"), del("never")]);
        expect(await rows(store)).toEqual(["b=2"]);
      }));

    test("takes batches in the order of their calls", () =>
      withStore(async (store) => {
        await Promise.all([0, 1, 2, 3].map((n) => store.batch([put("a", String(n))], { sync: n % 2 === 0 })));
        expect(await rows(store)).toEqual(["a=3"]);
      }));

    test("orders keys by their bytes, and gives them as plain Uint8Arrays", () =>
      withStore(async (store) => {
        const keys = [[], [0], [0, 0], [1], [0x7f], [0x80], [0xc3, 0xa9], [0xff], [0xff, 0]].map((key) =>
          Uint8Array.from(key),
        );
        await store.batch(keys.toReversed().map((key) => put(key, "x")));
        const found: Uint8Array[] = [];
        for await (const [key] of store.iterate()) found.push(key);
        expect(found).toEqual(keys);
      }));

    test("iterates the ranges that a filtered and sorted array has", () =>
      withStore(async (store) => {
        const keys = ["", "a", "aa", "ab", "b", "ba", "c"];
        await store.batch(keys.map((key) => put(key, "x")));
        const bound = fc.constantFrom(...keys, "0", "abc", "z");
        const ranges = fc.record(
          { gte: bound, gt: bound, lt: bound, lte: bound, reverse: fc.boolean(), limit: fc.nat(8) },
          { requiredKeys: [] },
        );
        for (const range of fc.sample(
          ranges.filter((each) => !(each.gte && each.gt) && !(each.lt && each.lte)),
          60,
        )) {
          const { gte, gt, lt, lte, reverse, limit } = range;
          const expected = keys.filter(
            (key) =>
              (gte === undefined || key >= gte) &&
              (gt === undefined || key > gt) &&
              (lt === undefined || key < lt) &&
              (lte === undefined || key <= lte),
          );
          if (reverse === true) expected.reverse();
          const asBytes: StoreRange = {
            ...(gte !== undefined && { gte: bytes(gte) }),
            ...(gt !== undefined && { gt: bytes(gt) }),
            ...(lt !== undefined && { lt: bytes(lt) }),
            ...(lte !== undefined && { lte: bytes(lte) }),
            ...(reverse !== undefined && { reverse }),
            ...(limit !== undefined && { limit }),
          };
          const found = await rows(store, asBytes);
          expect({ range, found }).toEqual({ range, found: expected.slice(0, limit).map((key) => `${key}=x`) });
        }
      }));

    test("an iteration does not show what comes after its beginning, and may be left early", () =>
      withStore(async (store) => {
        await store.batch(Array.from({ length: 2500 }, (_, at) => put(String(at).padStart(5, "0"), "old")));
        let count = 0;
        for await (const [, value] of store.iterate()) {
          if (count++ === 0) await store.batch([put("00001", "new"), put("99999", "new"), del("02000")]);
          expect(text(value)).toBe("old");
        }
        expect(count).toBe(2500);
        for await (const _row of store.iterate()) break;
        expect(text(await store.get(bytes("99999")))).toBe("new");
      }));

    test("a snapshot stays as it was", () =>
      withStore(async (store) => {
        await store.batch([put("a", "1"), put("b", "1")]);
        const snapshot = store.snapshot();
        await store.batch([put("a", "2"), del("b"), put("c", "2")], { sync: true });
        expect(await rows(snapshot)).toEqual(["a=1", "b=1"]);
        expect(text(await snapshot.get(bytes("b")))).toBe("1");
        expect(await snapshot.get(bytes("c"))).toBeUndefined();
        await snapshot.close();
        expect(await rows(store)).toEqual(["a=2", "c=2"]);
      }));

    test("the caller's buffers are its own again at once", () =>
      withStore(async (store) => {
        const key = bytes("key");
        const value = bytes("value");
        const done = store.batch([{ kind: "put", key, value }]);
        key.fill(0);
        value.fill(0);
        await done;
        const found = await store.get(bytes("key"));
        expect(text(found)).toBe("value");
        found?.fill(0);
        expect(await rows(store)).toEqual(["key=value"]);
      }));

    test("a batch with a key that is too long is refused alone and whole", () =>
      withStore(async (store) => {
        const bad = store.batch([put("a", "1"), put(new Uint8Array(64 * 1024 + 1), "1")]);
        const good = store.batch([put(new Uint8Array(64 * 1024), "2")]);
        await expect(bad).rejects.toThrow(RangeError);
        await good;
        expect(await store.get(bytes("a"))).toBeUndefined();
        expect(text(await store.get(new Uint8Array(64 * 1024)))).toBe("2");
      }));

    test("keeps everything when it is closed and opened, again and again", () =>
      within(async (open) => {
        for (let round = 0; round < 3; round++) {
          const store = await open();
          const expected = Array.from({ length: round }, (_, at) => [`s${at}=${at}`, `u${at}=${at}`]).flat();
          expect(await rows(store)).toEqual(expected.sort());
          await store.batch([put(`s${round}`, String(round))], { sync: true });
          await store.batch([put(`u${round}`, String(round))]);
          await store.close();
        }
      }));

    test("close finishes the writes under way", () =>
      within(async (open) => {
        const store = await open();
        const writing = [store.batch([put("a", "1")], { sync: true }), store.batch([put("b", "1")])];
        await store.close();
        await Promise.all(writing);
        const again = await open();
        expect(await rows(again)).toEqual(["a=1", "b=1"]);
        await again.close();
      }));

    test("is open once at a time", () =>
      within(async (open) => {
        const store = await open();
        await expect(open()).rejects.toMatchObject({ code: "STORE_LOCKED" });
        await store.batch([put("a", "1")]); // the refusal did it no harm
        await store.close();
        await (await open()).close();
      }));

    test("once closed it refuses everything, and another close is nothing", () =>
      within(async (open) => {
        const store = await open();
        await store.batch([put("a", "1")]);
        await store.close();
        await store.close();
        const closed = { code: "STORE_CLOSED" };
        await expect(store.batch([put("a", "2")])).rejects.toMatchObject(closed);
        await expect(store.get(bytes("a"))).rejects.toMatchObject(closed);
        await expect(rows(store)).rejects.toMatchObject(closed);
        expect(() => store.snapshot()).toThrow(expect.objectContaining(closed));
      }));

    test("equals a map under any sequence of batches", () =>
      withStore(async (store) => {
        const operation = fc.record({ key: fc.nat(20), value: fc.option(fc.nat(99)) });
        const batches = fc.sample(
          fc.record({ operations: fc.array(operation, { maxLength: 8 }), sync: fc.boolean() }),
          60,
        );
        const model = new Map<string, string>();
        for (const { operations, sync } of batches) {
          const taken = operations.map(({ key, value }) => {
            const name = String(key).padStart(2, "0");
            if (value === null) model.delete(name);
            else model.set(name, String(value));
            return value === null ? del(name) : put(name, String(value));
          });
          await store.batch(taken, { sync });
        }
        expect(await rows(store)).toEqual([...model].sort().map(([key, value]) => `${key}=${value}`));
      }));
  });
}
