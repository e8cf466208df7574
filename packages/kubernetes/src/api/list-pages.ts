// Lists in pages. All pages show one moment: the rest of a list is kept until it is read or newer lists push it out.
import type { KubeObject } from "./object.ts";
import { badRequest } from "./refusals.ts";
import { StatusError } from "./status-error.ts";

/** Lists that wait for their next page; the client of one that was pushed out starts again (410). */
const KEPT_MAX = 64;

export interface Page {
  readonly items: KubeObject[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

interface Kept {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

export class ListPages {
  readonly #kept = new Map<string, Kept>();
  #next = 0;

  /** The first page. `counted` tells how many remain, which the original does for lists without selectors. */
  first(items: KubeObject[], resourceVersion: string, limit: number | undefined, counted: boolean): Page {
    if (limit === undefined || limit <= 0 || items.length <= limit) return { items, resourceVersion };
    const id = String(this.#next++);
    this.#kept.set(id, { items, resourceVersion });
    for (const old of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_MAX) break;
      this.#kept.delete(old);
    }
    return this.#page(id, 0, limit, counted);
  }

  after(token: string, limit: number | undefined, counted: boolean): Page {
    const { id, start } = parseToken(token);
    const kept = this.#kept.get(id);
    if (kept === undefined) {
      throw new StatusError(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.",
      );
    }
    return this.#page(id, start, limit ?? 0, counted);
  }

  #page(id: string, start: number, limit: number, counted: boolean): Page {
    const kept = this.#kept.get(id);
    const all = kept?.items ?? [];
    const resourceVersion = kept?.resourceVersion ?? "0";
    const end = limit > 0 ? start + limit : all.length;
    const items = all.slice(start, end);
    if (end >= all.length) {
      this.#kept.delete(id);
      return { items, resourceVersion };
    }
    const token = Buffer.from(JSON.stringify({ v: "ordinal/v1", id, start: end })).toString("base64url");
    return { items, resourceVersion, continue: token, ...(counted && { remainingItemCount: all.length - end }) };
  }
}

function parseToken(token: string): { id: string; start: number } {
  try {
    const { v, id, start } = JSON.parse(Buffer.from(token, "base64url").toString()) as Record<string, unknown>;
    if (
      v === "ordinal/v1" &&
      typeof id === "string" &&
      typeof start === "number" &&
      Number.isInteger(start) &&
      start > 0
    ) {
      return { id, start };
    }
  } catch {
    // Told below.
  }
  throw badRequest("continue key is not valid: unrecognized or malformed token");
}
