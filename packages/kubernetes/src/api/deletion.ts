// DELETE after k8s.io/apiserver/pkg/registry: preconditions, grace, finalizers for the garbage collector.
import { apiTime } from "../kinds/api-time.ts";
import type { Kind } from "../kinds/kind.ts";
import type { DeleteOptions } from "./client.ts";
import { IMMORTAL_NAMESPACES } from "./namespaces.ts";
import type { KubeObject } from "./object.ts";
import { conflict, forbidden } from "./refusals.ts";
import type { WriteOptions } from "./request-options.ts";
import { specFinalizers, type WritePipeline, type Written } from "./write-pipeline.ts";

const ORPHAN = "orphan";
const FOREGROUND = "foregroundDeletion";

export interface Deleted extends Written {
  /** Whether it is gone; else it is marked and waits for its kubelet, a finalizer or the garbage collector. */
  readonly gone: boolean;
}

/** Throws 409 for preconditions that do not hold, 403 for what may not be deleted. */
export function deleteObject(
  pipeline: WritePipeline,
  kind: Kind,
  old: KubeObject,
  request: DeleteOptions,
  options: WriteOptions,
): Deleted {
  checkPreconditions(kind, old, request);
  if (kind.kind === "Namespace" && IMMORTAL_NAMESPACES.includes(old.metadata.name)) {
    throw forbidden(kind, old.metadata.name, "this namespace may not be deleted");
  }
  const object = structuredClone(old);
  setCollectionFinalizers(kind, object, request);
  const keep = (): Deleted => ({ ...pipeline.commitPrepared(kind, old, object, options), gone: false });
  const now = pipeline.clock.now();
  if (kind.strategy.graceSeconds !== undefined) {
    if (old.metadata.deletionTimestamp != null) {
      if (!shortenGrace(object, request.gracePeriodSeconds)) return keep();
    } else {
      const grace = kind.strategy.graceSeconds(object, request.gracePeriodSeconds);
      if (grace > 0) {
        markDeleted(object, grace, now + grace * 1000);
        return keep();
      }
    }
  }
  const { metadata } = object;
  const held = (metadata.finalizers ?? []).length > 0 || specFinalizers(object).length > 0;
  const waits = (metadata.deletionGracePeriodSeconds ?? 0) > 0;
  if (!held && !waits) return { ...pipeline.remove(kind, old, options), gone: true };
  if (metadata.deletionTimestamp == null) markDeleted(object, 0, now);
  if (kind.kind === "Namespace")
    object["status"] = { ...(object["status"] as object | undefined), phase: "Terminating" };
  return keep();
}

/** A grace period that runs can be shortened only. Gives whether it was. */
function shortenGrace(object: KubeObject, requested: number | undefined): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds: present = 0 } = object.metadata;
  if (requested === undefined || requested >= present) return false;
  const begunMs = Date.parse(deletionTimestamp ?? "") - present * 1000;
  object.metadata.deletionTimestamp = apiTime(begunMs + requested * 1000);
  object.metadata.deletionGracePeriodSeconds = requested;
  return true;
}

function markDeleted(object: KubeObject, graceSeconds: number, atMs: number): void {
  const { metadata } = object;
  metadata.deletionTimestamp = apiTime(atMs);
  metadata.deletionGracePeriodSeconds = graceSeconds;
  // Where generations are counted, the deletion is one more.
  if ((metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation ?? 0) + 1;
}

function checkPreconditions(kind: Kind, old: KubeObject, request: DeleteOptions): void {
  const { uid, resourceVersion } = request.preconditions ?? {};
  const { name } = old.metadata;
  if (uid !== undefined && uid !== old.metadata.uid) {
    throw conflict(
      kind,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) {
    const words = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${old.metadata.resourceVersion}`;
    throw conflict(kind, name, words);
  }
}

/** The propagation policy becomes a finalizer on which the garbage collector works; what was there stays without one. */
function setCollectionFinalizers(kind: Kind, object: KubeObject, request: DeleteOptions): void {
  const present = object.metadata.finalizers ?? [];
  const policy =
    request.propagationPolicy ?? presentPolicy(present) ?? kind.strategy.defaultPropagation ?? "Background";
  const others = present.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  const added = policy === "Orphan" ? [ORPHAN] : policy === "Foreground" ? [FOREGROUND] : [];
  const finalizers = [...others, ...added];
  if (finalizers.length === 0) delete object.metadata.finalizers;
  else if (JSON.stringify([...finalizers].sort()) !== JSON.stringify([...present].sort()))
    object.metadata.finalizers = finalizers;
}

function presentPolicy(finalizers: readonly string[]): "Orphan" | "Foreground" | undefined {
  if (finalizers.includes(ORPHAN)) return "Orphan";
  return finalizers.includes(FOREGROUND) ? "Foreground" : undefined;
}
