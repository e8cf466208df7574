// The one way of every write: decoding and defaults are done before, here follow metadata rules, the strategy's
// preparation, field ownership, validation, and one commit. Everything up to the commit is synchronous and works on the
// latest state, pending writes included; so two writes never see the same resourceVersion of an object.
import type { Clock, Random } from "@ordinal/io";

import { apiTime } from "../kinds/api-time.ts";
import { canonicalize } from "../kinds/canonical.ts";
import type { FieldError, Kind, StrategyContext } from "../kinds/kind.ts";
import { DiskFailedError, type ObjectStore } from "../store/object-store.ts";
import { type ManagedFields, trackFields } from "./fields/managed-fields.ts";
import type { KindTable } from "./kind-table.ts";
import { checkNamespace } from "./namespaces.ts";
import type { KubeObject } from "./object.ts";
import { alreadyExists, badRequest, conflict, invalid, MODIFIED, notFound, qualifiedResource } from "./refusals.ts";
import type { Subresource, WriteOptions } from "./request-options.ts";
import { StatusError } from "./status-error.ts";

const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;
const GENERATED_BASE_MAX = 58;
const GENERATE_ATTEMPTS = 8;

export interface PipelineParts {
  readonly store: ObjectStore;
  readonly table: KindTable;
  readonly clock: Clock;
  readonly random: Random;
}

export class WritePipeline {
  readonly store: ObjectStore;
  readonly table: KindTable;
  readonly clock: Clock;
  readonly random: Random;

  constructor(parts: PipelineParts) {
    this.store = parts.store;
    this.table = parts.table;
    this.clock = parts.clock;
    this.random = parts.random;
  }

  /** The time as objects show it: seconds, UTC. */
  timestamp(): string {
    return apiTime(this.clock.now());
  }

  context(): StrategyContext {
    return {
      now: this.clock.now(),
      lookup: (resource, namespace, name) => this.store.latest(resource, namespace, name),
      list: (resource, namespace) => this.store.latestList(resource, namespace),
    };
  }

  /** The object as the next write finds it. Throws 404. */
  current(kind: Kind, namespace: string, name: string): KubeObject {
    const object = this.store.latest(qualifiedResource(kind), kind.namespaced ? namespace : "", name);
    if (object === undefined) throw notFound(kind, name);
    return object;
  }

  /**
   * Runs one write. A refusal may rest on changes that are not on disk yet, and so does the answer to a write that
   * changes nothing: both wait for them.
   */
  async run<T>(write: () => { readonly result: T; readonly done: Promise<void> | undefined }): Promise<T> {
    let outcome;
    try {
      outcome = write();
    } catch (error) {
      if (error instanceof DiskFailedError) throw diskRefusal(error);
      await this.store.settled().catch(() => undefined);
      throw error;
    }
    try {
      await (outcome.done ?? this.store.settled());
    } catch (error) {
      if (error instanceof DiskFailedError) throw diskRefusal(error);
      throw error;
    }
    return outcome.result;
  }

  /** Stores a new object. `object` is decoded and defaulted, and belongs to the pipeline from here on. */
  create(kind: Kind, namespace: string, object: KubeObject, options: WriteOptions, applied?: ManagedFields): Written {
    const { metadata } = object;
    this.#place(kind, namespace, object);
    if ((metadata.resourceVersion ?? "") !== "") {
      throw badRequest("resourceVersion should not be set on objects to be created");
    }
    const context = this.context();
    if (kind.namespaced) checkNamespace(kind, metadata.namespace ?? "", metadata.name ?? "", context);
    this.#generateName(kind, metadata);
    metadata.uid = this.#uid();
    metadata.creationTimestamp = this.timestamp();
    const own = metadata as Partial<KubeObject["metadata"]>;
    delete own.deletionTimestamp;
    delete own.deletionGracePeriodSeconds;
    delete own.selfLink;
    if (kind.strategy.generation === true) metadata.generation = 1;
    else delete own.generation;
    metadata.managedFields = applied ?? trackFields(kind, object, undefined, undefined, this.#stamp(options));
    // Hooks put the object into canonical form, with new objects inside: `metadata` is not the object's any more.
    kind.strategy.prepareForCreate?.(object, context);
    refuse(kind, object, kind.strategy.validate(object, context));
    for (const warning of kind.strategy.warnings?.(object) ?? []) options.warn?.(warning);
    if (
      this.store.latest(qualifiedResource(kind), object.metadata.namespace ?? "", object.metadata.name) !== undefined
    ) {
      throw alreadyExists(kind, object.metadata.name);
    }
    // The store fills it in; it has its place among the fields.
    if (options.dryRun !== true) object.metadata.resourceVersion = "0";
    canonicalize(object as unknown as Record<string, unknown>, kind.schema);
    if (options.dryRun === true) return { result: object, done: undefined };
    return { result: object, done: this.store.write("ADDED", qualifiedResource(kind), object) };
  }

  /**
   * Replaces `old` by `object`, which is decoded and defaulted and belongs to the pipeline from here on. With
   * `applied`, the ownership of fields is known already.
   */
  replace(
    kind: Kind,
    old: KubeObject,
    object: KubeObject,
    options: WriteOptions,
    subresource: Subresource,
    applied?: ManagedFields,
  ): Written {
    this.#agree(kind, old, object);
    const { metadata } = object;
    const context = this.context();
    metadata.uid = old.metadata.uid;
    metadata.resourceVersion = old.metadata.resourceVersion;
    metadata.creationTimestamp = old.metadata.creationTimestamp;
    for (const field of [
      "generation",
      "deletionTimestamp",
      "deletionGracePeriodSeconds",
      "selfLink",
      "generateName",
    ] as const) {
      keep(metadata, old.metadata, field);
    }
    // What the server itself fills in below has no owner.
    metadata.managedFields = applied ?? trackFields(kind, object, old, subresource, this.#stamp(options));
    const isStatus = subresource === "status" || subresource === "finalize";
    if (isStatus) this.#prepareStatus(kind, object, old, subresource, context);
    else kind.strategy.prepareForUpdate?.(object, old, context);
    if (!isStatus && kind.strategy.generation === true && !same(object["spec"], old["spec"])) {
      object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    }
    const { strategy } = kind;
    const errors = isStatus
      ? (strategy.validateStatusUpdate?.(object, old, context) ?? [])
      : (strategy.validateUpdate?.(object, old, context) ?? strategy.validate(object, context));
    refuse(kind, object, errors);
    if (!isStatus) for (const warning of strategy.warnings?.(object) ?? []) options.warn?.(warning);
    canonicalize(object as unknown as Record<string, unknown>, kind.schema);
    return this.#commit(kind, old, object, options);
  }

  /** Commits a state that the API itself made (deletion marks, bindings): no preparation, no validation. */
  commitPrepared(kind: Kind, old: KubeObject, object: KubeObject, options: WriteOptions): Written {
    canonicalize(object as unknown as Record<string, unknown>, kind.schema);
    return this.#commit(kind, old, object, options);
  }

  /** Takes the object out of the store. */
  remove(kind: Kind, object: KubeObject, options: WriteOptions): Written {
    const last = structuredClone(object);
    if (options.dryRun === true) return { result: last, done: undefined };
    return { result: last, done: this.store.write("DELETED", qualifiedResource(kind), last) };
  }

  #commit(kind: Kind, old: KubeObject, object: KubeObject, options: WriteOptions): Written {
    if (mayGo(object)) return this.remove(kind, object, options);
    // Times of managedFields do not make a change by themselves.
    if (sameButTimes(object, old)) return { result: old, done: undefined };
    if (options.dryRun === true) return { result: object, done: undefined };
    return { result: object, done: this.store.write("MODIFIED", qualifiedResource(kind), object) };
  }

  #place(kind: Kind, namespace: string, object: KubeObject): void {
    const { metadata } = object;
    if (!kind.namespaced) {
      if ((metadata.namespace ?? "") !== "") throw badRequest("namespace may not be set on a cluster-scoped resource");
      return;
    }
    const own = metadata.namespace ?? "";
    if (own === "") metadata.namespace = namespace;
    else if (namespace !== "" && own !== namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
  }

  #generateName(kind: Kind, metadata: KubeObject["metadata"]): void {
    if ((metadata.name ?? "") !== "" || (metadata.generateName ?? "") === "") return;
    const base = (metadata.generateName ?? "").slice(0, GENERATED_BASE_MAX);
    for (let attempt = 0; attempt < GENERATE_ATTEMPTS; attempt++) {
      let suffix = "";
      for (let index = 0; index < SUFFIX_LENGTH; index++) {
        suffix += SUFFIX_ALPHABET[this.random.between(0, SUFFIX_ALPHABET.length - 1)] ?? "";
      }
      metadata.name = `${base}${suffix}`;
      if (this.store.latest(qualifiedResource(kind), metadata.namespace ?? "", metadata.name) === undefined) return;
    }
  }

  #uid(): string {
    const bytes = Buffer.from(this.random.bytes(16));
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    const hex = bytes.toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  #agree(kind: Kind, old: KubeObject, object: KubeObject): void {
    const { metadata } = object;
    const { name, uid, resourceVersion } = old.metadata;
    if ((metadata.name ?? "") === "") metadata.name = name;
    if (metadata.name !== name) {
      throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
    }
    this.#place(kind, old.metadata.namespace ?? "", object);
    if ((metadata.uid ?? "") !== "" && metadata.uid !== uid) {
      throw conflict(
        kind,
        name,
        `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`,
      );
    }
    if ((metadata.resourceVersion ?? "") !== "" && metadata.resourceVersion !== resourceVersion) {
      throw conflict(kind, name, MODIFIED);
    }
  }

  /** Without a hook of the kind's own, everything but the status stays. `finalize` changes the spec's finalizers alone. */
  #prepareStatus(
    kind: Kind,
    object: KubeObject,
    old: KubeObject,
    subresource: Subresource,
    context: StrategyContext,
  ): void {
    if (subresource === "status" && kind.strategy.prepareForStatusUpdate !== undefined) {
      kind.strategy.prepareForStatusUpdate(object, old, context);
      return;
    }
    const part = subresource === "finalize" ? "spec" : "status";
    const changed = object[part];
    for (const field of Object.keys(object)) if (field !== "metadata") delete object[field];
    Object.assign(object, structuredClone({ ...old, metadata: undefined }), { metadata: object.metadata });
    if (changed === undefined) delete object[part];
    else object[part] = changed;
    const { managedFields } = object.metadata;
    object.metadata = structuredClone(old.metadata);
    if (managedFields !== undefined) object.metadata.managedFields = managedFields;
  }

  #stamp(options: WriteOptions): { manager: string; time: string } {
    return { manager: options.manager ?? "unknown", time: this.timestamp() };
  }
}

export interface Written {
  readonly result: KubeObject;
  /** Undefined when nothing had to be written. */
  readonly done: Promise<void> | undefined;
}

/** An object that waits for nothing any more goes with the write that took the last obstacle away. */
function mayGo(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp == null || (deletionGracePeriodSeconds ?? 0) > 0) return false;
  return (finalizers ?? []).length === 0 && specFinalizers(object).length === 0;
}

/** Namespaces keep theirs in the spec. */
export function specFinalizers(object: KubeObject): readonly string[] {
  if (object.kind !== "Namespace") return [];
  const spec = object["spec"] as { readonly finalizers?: readonly string[] } | undefined;
  return spec?.finalizers ?? [];
}

function refuse(kind: Kind, object: KubeObject, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(kind, object.metadata.name ?? "", errors);
}

function keep<T extends object, K extends keyof T>(target: T, source: T, field: K): void {
  if (source[field] === undefined) delete target[field];
  else target[field] = source[field];
}

/** Both sides are in canonical form, so equal objects are equal texts. */
function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function sameButTimes(left: KubeObject, right: KubeObject): boolean {
  return withoutTimes(left) === withoutTimes(right);
}

function withoutTimes(object: KubeObject): string {
  const managedFields = object.metadata.managedFields?.map(({ time: _time, ...entry }) => entry);
  return JSON.stringify({ ...object, metadata: { ...object.metadata, managedFields } });
}

function diskRefusal(error: DiskFailedError): StatusError {
  return new StatusError(500, "InternalError", `Internal error occurred: ${error.message}`, {
    causes: [{ message: error.message }],
  });
}
