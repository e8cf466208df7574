import type { KubeObject } from "../api/object.ts";

/** One commit, as watches hear of it. */
export interface StoreChange {
  readonly kind: "ADDED" | "MODIFIED" | "DELETED";
  /** As `kubectl api-resources` names it with its group: `statefulsets.apps`. */
  readonly resource: string;
  /** As it is after the change; of a deletion the last state, with the resourceVersion of the deletion. */
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
  readonly resourceVersion: number;
}
