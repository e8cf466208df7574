import fc from "fast-check";
import { expect, test } from "vitest";

import { BoundedQueue } from "./bounded-queue.ts";

test("behaves as an array that refuses to grow beyond the capacity", () => {
  const step = fc.oneof(
    { weight: 60, arbitrary: fc.record({ kind: fc.constant("push" as const), item: fc.nat() }) },
    { weight: 30, arbitrary: fc.record({ kind: fc.constant("shift" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step, { maxLength: 400, size: "max" }), (capacity, steps) => {
      const queue = new BoundedQueue<number>(capacity);
      let model: number[] = [];
      for (const taken of steps) {
        if (taken.kind === "push") {
          const fits = model.length < capacity;
          expect(queue.push(taken.item)).toBe(fits);
          if (fits) model.push(taken.item);
        } else if (taken.kind === "shift") {
          expect(queue.shift()).toBe(model.shift());
        } else {
          queue.clear();
          model = [];
        }
        expect([...queue]).toEqual(model);
        expect([queue.size, queue.peek(), queue.isFull]).toEqual([model.length, model[0], model.length === capacity]);
      }
    }),
  );
});

test.each([0, -1, 1.5, Number.POSITIVE_INFINITY])("refuses a capacity of %s", (capacity) => {
  expect(() => new BoundedQueue(capacity)).toThrow(RangeError);
});
