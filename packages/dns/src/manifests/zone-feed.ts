/** Brings a zone from one set of objects to the next by telling it the differences only. */
import type { Zone } from "../zone/zone.ts";
import type { PlacedObject } from "./zone-objects.ts";

export class ZoneFeed {
  readonly #zone: Zone;
  #told = new Map<string, { readonly placed: PlacedObject; readonly text: string }>();

  constructor(zone: Zone) {
    this.#zone = zone;
  }

  /** Returns the number of objects that were added, changed or removed. Of two objects of one kind and name the later counts. */
  apply(objects: readonly PlacedObject[]): number {
    const next = new Map(objects.map((placed) => [keyOf(placed), { placed, text: JSON.stringify(placed.object) }]));
    let changes = 0;
    for (const [key, { placed }] of this.#told) {
      if (next.has(key)) continue;
      this.#zone.remove(placed.kind, placed.object);
      changes++;
    }
    for (const [key, { placed, text }] of next) {
      if (this.#told.get(key)?.text === text) continue;
      this.#zone.upsert(placed.kind, placed.object);
      changes++;
    }
    this.#told = next;
    return changes;
  }
}

function keyOf({ kind, object }: PlacedObject): string {
  return `${kind}/${object.metadata.namespace ?? "default"}/${object.metadata.name}`;
}
