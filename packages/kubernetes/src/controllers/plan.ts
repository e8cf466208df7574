import type { ResourceName } from "../api/client.ts";

/** The object that an event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** Something to tell people who `describe` the subject. */
export interface EventNote {
  readonly about: EventSubject;
  readonly type: "Normal" | "Warning";
  /** UpperCamelCase, e.g. `SuccessfulCreate`. */
  readonly reason: string;
  readonly message: string;
}

/** Events of an action's outcome. A refusal's own words are appended to the message of each note in `failure`. */
export interface Outcome {
  readonly success?: EventNote;
  readonly failure?: readonly EventNote[];
}

interface Target {
  readonly resource: ResourceName;
  readonly namespace: string;
  readonly name: string;
}

/**
 * One write that a controller asks for. A `delete` is for the object with this uid: if it is gone, or another of the
 * same name is there, nothing happens and that is no failure.
 */
export type Action =
  | {
      readonly kind: "create";
      readonly resource: ResourceName;
      readonly object: object;
      readonly outcome?: Outcome;
      /** An object of this name that is there already is what was wanted; otherwise it fails without events. */
      readonly existsIsFine?: boolean;
    }
  | {
      /** A full replacement, conditional where `object` carries a resourceVersion. */
      readonly kind: "update" | "updateStatus";
      readonly resource: ResourceName;
      readonly object: object;
      readonly outcome?: Outcome;
    }
  | (Target & {
      /** A JSON merge patch. `finalize` writes a namespace's spec.finalizers. */
      readonly kind: "patch";
      readonly patch: object;
      readonly subresource?: "status" | "finalize";
      readonly outcome?: Outcome;
      /** The patched object being gone is no failure. */
      readonly absentIsFine?: boolean;
    })
  | (Target & {
      readonly kind: "delete";
      readonly uid: string;
      readonly gracePeriodSeconds?: number;
      readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
      readonly outcome?: Outcome;
    })
  /** Goes on only if the store itself, not a cache, holds this object with this uid and without a deletionTimestamp. */
  | (Target & { readonly kind: "require"; readonly uid: string })
  /** Goes on only if the store itself, not a cache, holds no object of this name, or one with another uid. */
  | (Target & { readonly kind: "requireAbsent"; readonly uid?: string })
  | { readonly kind: "event"; readonly note: EventNote }
  /** Ends the plan as a refusal with these words would. */
  | { readonly kind: "fail"; readonly message: string; readonly outcome?: Outcome }
  /** Deletes the folder of a volume and everything in it. */
  | { readonly kind: "removeVolume"; readonly path: string; readonly outcome?: Outcome };

/** Lanes of actions: each lane in order, the lanes in batches of 1, 2, 4, … side by side until a batch has a failure. */
export interface SlowStart {
  readonly kind: "slowStart";
  readonly lanes: readonly (readonly Action[])[];
}

/**
 * What a controller decided for one key. `steps` run in order until one fails; `finally` runs then or at the end. After
 * a failure the key is reconciled again, later each time.
 */
export interface Plan {
  readonly steps: readonly (Action | SlowStart)[];
  readonly finally?: readonly Action[];
  /** Reconcile again after this many milliseconds, whatever happens in between. */
  readonly requeueAfterMs?: number;
}

export const NOTHING: Plan = { steps: [] };
