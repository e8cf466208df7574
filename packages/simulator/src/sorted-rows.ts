import type { StoreOperation, StoreRange } from "@ordinal/io";

/** Byte strings compare as their bytes do when each byte is one character. */
function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}

export function keyBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** Rows by key. `share` gives a view that later changes leave alone; the next change copies. */
export class SortedRows {
  #rows = new Map<string, Uint8Array>();
  #sorted: string[] | undefined;
  #shared = false;

  share(): SortedRows {
    const view = new SortedRows();
    view.#rows = this.#rows;
    view.#sorted = this.#keys();
    view.#shared = true;
    this.#shared = true;
    return view;
  }

  apply(operations: readonly StoreOperation[]): void {
    if (this.#shared) {
      this.#rows = new Map(this.#rows);
      this.#shared = false;
    }
    for (const operation of operations) {
      const key = keyText(operation.key);
      if (operation.kind === "delete") {
        if (this.#rows.delete(key)) this.#sorted = undefined;
      } else {
        if (!this.#rows.has(key)) this.#sorted = undefined;
        this.#rows.set(key, operation.value);
      }
    }
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#rows.get(keyText(key));
  }

  /** The rows of a range, in its order. */
  range(range: StoreRange): (readonly [key: string, value: Uint8Array])[] {
    const bounds = {
      gte: range.gte && keyText(range.gte),
      gt: range.gt && keyText(range.gt),
      lt: range.lt && keyText(range.lt),
      lte: range.lte && keyText(range.lte),
    };
    const keys = this.#keys().filter(
      (key) =>
        (bounds.gte === undefined || key >= bounds.gte) &&
        (bounds.gt === undefined || key > bounds.gt) &&
        (bounds.lt === undefined || key < bounds.lt) &&
        (bounds.lte === undefined || key <= bounds.lte),
    );
    if (range.reverse === true) keys.reverse();
    const limit = range.limit === undefined || range.limit < 0 ? keys.length : range.limit;
    return keys.slice(0, limit).map((key) => [key, this.#rows.get(key) as Uint8Array]);
  }

  #keys(): string[] {
    this.#sorted ??= [...this.#rows.keys()].sort((a, b) => (a < b ? -1 : 1));
    return this.#sorted;
  }
}
