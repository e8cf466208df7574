import { expect, test } from "vitest";

import { GroupNumbers } from "./group-numbers.ts";

const BUFFER = 1000;

/** LevelDB's rule, acted out: which markers may still have to be read from a log. */
class Memtables {
  #active: number[] = [];
  #bytes = 0;
  #flushing: number[] = [];

  write(number: number, bytes: number): void {
    if (this.#bytes > BUFFER) {
      this.#flushing = this.#active; // what was flushing before is in a table by now
      this.#active = [];
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    this.#active.push(number);
  }

  get unsafe(): number[] {
    return [...this.#flushing, ...this.#active];
  }
}

test.each([1, 10, 300, 5000])("with writes of %s bytes no marker is removed that a log may still need", (bytes) => {
  const numbers = new GroupNumbers({ oldest: 1, last: 0 }, BUFFER);
  const memtables = new Memtables();
  const kept = new Set<number>();
  for (let n = 0; n < 20_000; n++) {
    // LevelDB counts its own overhead as well, so its memtables fill earlier than this.
    numbers.countWrite(bytes);
    const group = numbers.next();
    memtables.write(group.number, bytes + 5);
    kept.add(group.number);
    for (let old = group.from; old < group.to; old++) kept.delete(old);
    numbers.wrote(group);
    if (n % 50 === 0) for (const number of memtables.unsafe) expect(kept.has(number)).toBe(true);
  }
  expect(numbers.last).toBe(20_000);
  expect(kept.size).toBeLessThan((4 * BUFFER) / bytes + 300);
});

test("markers found at open are removed once there are enough new ones, the last stays", () => {
  const numbers = new GroupNumbers({ oldest: 1, last: 5000 }, BUFFER);
  const first = numbers.next();
  expect(first).toEqual({ number: 5001, from: 1, to: 4097 });
  numbers.wrote(first);
  const second = numbers.next();
  expect(second).toEqual({ number: 5002, from: 4097, to: 5000 });
  numbers.wrote(second);
  expect(numbers.next()).toEqual({ number: 5003, from: 5000, to: 5000 });
});

test("a group that failed leaves its number to the next", () => {
  const numbers = new GroupNumbers({ oldest: 1, last: 0 }, BUFFER);
  expect(numbers.next().number).toBe(1);
  expect(numbers.next().number).toBe(1);
});
