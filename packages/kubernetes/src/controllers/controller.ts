import type { ResourceName } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import type { Plan } from "./plan.ts";
import type { View } from "./view.ts";

/** How one object of a cache changed: created without `old`, deleted without `next`. */
export interface Change {
  readonly resource: ResourceName;
  readonly old: KubeObject | undefined;
  readonly next: KubeObject | undefined;
}

/** A controller: which changes concern which keys, and what to do about a key. Neither does I/O nor keeps state. */
export interface Controller {
  /** The `source.component` of its events. */
  readonly name: string;
  readonly watches: readonly ResourceName[];
  keysOf(change: Change, view: View): Iterable<string>;
  /** `now` is wall time in milliseconds. */
  reconcile(view: View, key: string, now: number): Plan;
}
