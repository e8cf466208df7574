import type { Kind } from "../kinds/kind.ts";
import { qualifiedResource } from "./refusals.ts";
import { StatusError } from "./status-error.ts";

/** Which kinds are served, by the names that paths and clients use for them. */
export class KindTable {
  readonly kinds: readonly Kind[];
  readonly #byResource = new Map<string, Kind>();
  readonly #byPath = new Map<string, Kind>();

  constructor(kinds: readonly Kind[]) {
    this.kinds = kinds;
    for (const kind of kinds) {
      this.#byResource.set(qualifiedResource(kind), kind);
      this.#byPath.set(`${kind.group}/${kind.version}/${kind.resource}`, kind);
    }
  }

  /** By `pods` or `statefulsets.apps`. Throws 404 for a resource that is not served. */
  named(resource: string): Kind {
    const kind = this.#byResource.get(resource);
    if (kind === undefined) throw noSuchResource();
    return kind;
  }

  /** Undefined when it is not served. */
  find(resource: string): Kind | undefined {
    return this.#byResource.get(resource);
  }

  at(group: string, version: string, resource: string): Kind | undefined {
    return this.#byPath.get(`${group}/${version}/${resource}`);
  }
}

export function noSuchResource(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource", {});
}
