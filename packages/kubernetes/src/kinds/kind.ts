import type { KubeObject } from "../api/object.ts";

/**
 * The shape of a field. Drives strict decoding (unknown fields and wrong types in the original's words), the dropping
 * of unknown fields, canonical quantities and times, strategic-merge keys, managed-field keys and the OpenAPI document.
 */
export type Schema =
  | {
      readonly type:
        | "string"
        | "boolean"
        | "int32"
        | "int64"
        | "quantity"
        | "time"
        | "microTime"
        | "intOrString"
        | "bytes"
        | "any";
    }
  | { readonly type: "array"; readonly items: Schema; readonly merge?: ListMerge }
  | { readonly type: "map"; readonly values: Schema; readonly atomic?: boolean }
  | ObjectSchema;

export interface ObjectSchema {
  readonly type: "object";
  /** The Go type, as errors name it: `StatefulSetSpec`. */
  readonly goName: string;
  /** In the original's field order, which is the order of its JSON. */
  readonly fields: Readonly<Record<string, Schema>>;
  /** Fields that are written even when they are zero: `status: {}`, `creationTimestamp: null`, `ready: false`. */
  readonly always?: readonly string[];
  /** Fields whose zero value means something other than their absence (`replicas: 0`); others lose it, as in Go. */
  readonly kept?: readonly string[];
  /** Owned as a whole: managed fields name the object, not its fields. */
  readonly atomic?: boolean;
  /** Strategic merge honours `$retainKeys` (volumes, deployment strategy). */
  readonly retainKeys?: boolean;
}

/**
 * `keys`: a list merged by these fields, the first being strategic merge's `patchMergeKey`; `set`: of plain values.
 * `only`: just one of strategic merge and server-side apply (managed fields) knows the list as merged.
 */
export type ListMerge =
  | {
      readonly kind: "keys";
      readonly keys: readonly [string, ...string[]];
      readonly only?: "strategic" | "apply";
    }
  | { readonly kind: "set"; readonly only?: "strategic" | "apply" };

export type FieldErrorKind =
  | "Required value"
  | "Invalid value"
  | "Forbidden"
  | "Duplicate value"
  | "Unsupported value"
  | "Not found"
  | "Too many"
  | "Too long";

/** One problem of validation; `field-error.ts` makes them and prints them in the original's words. `path` is `spec.template.spec.containers[0].image`. */
export interface FieldError {
  readonly kind: FieldErrorKind;
  readonly path: string;
  /** The offending value; printed as Go prints it (`%#v` of strings is quoted). */
  readonly value?: unknown;
  readonly detail?: string;
}

export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: "name";
  readonly description?: string;
  /** 0 by default, 1 with `-o wide`. */
  readonly priority: 0 | 1;
}

export type Cell = string | number | boolean | null;

export interface StrategyContext {
  /** Wall time in milliseconds. */
  readonly now: number;
  /** Reads another object as it is at this write, e.g. for the default StorageClass. Undefined when absent. */
  readonly lookup: (resource: string, namespace: string, name: string) => KubeObject | undefined;
  readonly list: (resource: string, namespace?: string) => readonly KubeObject[];
}

/** What differs between kinds on the way from a request to the store. Every hook changes `object` in place. */
export interface Strategy {
  /** Clears what a client may not set (status), allocates what the server does (clusterIP), sets first status. */
  prepareForCreate?(object: KubeObject, context: StrategyContext): void;
  prepareForUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): void;
  /** By default a status update keeps everything of `old` but `status` (and labels, annotations are kept from old). */
  prepareForStatusUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): void;
  validate(object: KubeObject, context: StrategyContext): FieldError[];
  /** All rules of an update, those of `validate` included where they apply; `validate` is not asked as well. */
  validateUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): FieldError[];
  /** All rules of an update of the status subresource (of namespaces' `finalize` too), in place of `validateUpdate`. */
  validateStatusUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): FieldError[];
  /** Non-fatal remarks, sent as `Warning` headers. */
  warnings?(object: KubeObject): string[];
  /** Whether `metadata.generation` counts changes of the spec. */
  readonly generation?: boolean;
  /**
   * Grace in seconds that DELETE gives this object: 0 removes it at once; more marks it with deletionTimestamp and
   * leaves the removal to its kubelet. Only pods have one.
   */
  graceSeconds?(object: KubeObject, requested: number | undefined): number;
  /** DELETE answers with the object instead of a Status (pods, services, PVs, PVCs do). */
  readonly deleteReturnsObject?: boolean;
  /** What garbage collection does by default when the client names no propagation policy. */
  readonly defaultPropagation?: "Background" | "Orphan";
}

/** A kind is one file of data: everything the API machinery needs to serve it. */
export interface Kind {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural, as in the path. */
  readonly resource: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Discovery's verbs; all of create delete deletecollection get list patch update watch unless given. */
  readonly verbs?: readonly string[];
  readonly subresources: readonly (
    | "status"
    | "scale"
    | "log"
    | "exec"
    | "attach"
    | "portforward"
    | "binding"
    | "eviction"
    | "finalize"
  )[];
  readonly schema: ObjectSchema;
  /**
   * Fills the fields that the original fills in, on every read of a request body, before validation. Leaves the object in
   * canonical form (`canonical.ts`), as the hooks of `strategy` that change objects do.
   */
  defaults(object: KubeObject): void;
  readonly strategy: Strategy;
  /** The columns of a Table, those of priority 1 included; `row` gives as many cells, `now` in milliseconds. */
  readonly columns: readonly Column[];
  row(object: KubeObject, now: number): Cell[];
  /** Field selector labels beside metadata.name and metadata.namespace, with their value of an object. */
  readonly selectableFields?: Readonly<Record<string, (object: KubeObject) => string>>;
}
