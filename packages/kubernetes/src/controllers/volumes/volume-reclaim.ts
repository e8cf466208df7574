// A volume's own life: syncVolume and reclaimVolume of pkg/controller/volume/persistentvolume/pv_controller.go of
// Kubernetes.
import { subjectOf } from "../event-recorder.ts";
import type { Action, Plan } from "../plan.ts";
import type { StoredVolume, View } from "../view.ts";
import {
  BOUND_BY_CONTROLLER,
  LOCAL_PROVISIONERS,
  PROVISIONED_BY,
  VOLUME_DELETION,
  VOLUME_PROTECTION,
} from "./volume-names.ts";

type Phase = "Available" | "Bound" | "Released" | "Failed";

export function reconcileVolume(view: View, volume: StoredVolume, volumesDirectory: string): Plan {
  const guard = guardDeletion(volume);
  if (guard.length > 0) return { steps: guard };
  const ref = volume.spec?.claimRef;
  // Free, or reserved for a claim that does not exist yet.
  if (ref === undefined || (ref.uid ?? "") === "") return { steps: enter(volume, "Available") };
  const claim = view.get("persistentvolumeclaims", ref.namespace ?? "", ref.name ?? "");
  if (claim === undefined || claim.metadata.uid !== ref.uid) return { steps: release(volume, volumesDirectory) };
  const bound = claim.spec?.volumeName ?? "";
  // The claim's own reconciliation completes the binding.
  if (bound === "") return { steps: [] };
  if (bound === volume.metadata.name) return { steps: enter(volume, "Bound") };
  // The claim went to another volume.
  if (isOurs(volume) && policyOf(volume) === "Delete") return { steps: release(volume, volumesDirectory) };
  return { steps: untie(volume) };
}

function release(volume: StoredVolume, volumesDirectory: string): Action[] {
  const phase = volume.status?.phase;
  // The change of phase brings the volume back here.
  if (phase !== "Released" && phase !== "Failed") return enter(volume, "Released");
  switch (policyOf(volume)) {
    case "Delete":
      return remove(volume, volumesDirectory);
    case "Recycle":
      return fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!");
    default:
      return [];
  }
}

/** Deletes the folder and then the object, but never a folder that the lab has not made. */
function remove(volume: StoredVolume, volumesDirectory: string): Action[] {
  if (volume.status?.phase === "Failed") return [];
  // Released, so its protection is about to go; before that the object cannot.
  const protectedStill = volume.metadata.finalizers?.includes(VOLUME_PROTECTION) ?? false;
  if (volume.metadata.deletionTimestamp !== undefined && protectedStill) return [];
  const path = volume.spec?.hostPath?.path ?? volume.spec?.local?.path ?? "";
  if (!isOurs(volume) || path !== `${volumesDirectory}/${volume.metadata.name}`) {
    return fail(
      volume,
      "VolumeFailedDelete",
      `host_path deleter only supports ${volumesDirectory}/.+ but received provided ${path}`,
    );
  }
  const { name, uid } = volume.metadata;
  const failure = { about: aboutVolume(volume), type: "Warning", reason: "VolumeFailedDelete", message: "" } as const;
  return [
    { kind: "removeVolume", path, outcome: { failure: [failure] } },
    ...changeFinalizers(volume, (finalizers) => finalizers.filter((finalizer) => finalizer !== VOLUME_DELETION)),
    { kind: "delete", resource: "persistentvolumes", namespace: "", name, uid },
  ];
}

/** A volume object that says where data is must not go before the data. */
function guardDeletion(volume: StoredVolume): Action[] {
  if (!isOurs(volume) || volume.metadata.deletionTimestamp !== undefined) return [];
  const guarded = volume.metadata.finalizers?.includes(VOLUME_DELETION) ?? false;
  const wanted = policyOf(volume) === "Delete";
  if (guarded === wanted) return [];
  return changeFinalizers(volume, (finalizers) =>
    wanted ? [...finalizers, VOLUME_DELETION] : finalizers.filter((finalizer) => finalizer !== VOLUME_DELETION),
  );
}

function changeFinalizers(volume: StoredVolume, change: (finalizers: readonly string[]) => string[]): Action[] {
  const { name, uid, resourceVersion } = volume.metadata;
  const finalizers = change(volume.metadata.finalizers ?? []);
  // Others change this list at the same time: never put back what they took away.
  const patch = { metadata: { uid, resourceVersion, finalizers: finalizers.length > 0 ? finalizers : null } };
  return [{ kind: "patch", resource: "persistentvolumes", namespace: "", name, patch, absentIsFine: true }];
}

/** Frees a volume that a controller tied; one that a person reserved stays reserved. */
function untie(volume: StoredVolume): Action[] {
  const byController = volume.metadata.annotations?.[BOUND_BY_CONTROLLER] !== undefined;
  const { name, uid } = volume.metadata;
  const patch = byController
    ? { metadata: { uid, annotations: { [BOUND_BY_CONTROLLER]: null } }, spec: { claimRef: null } }
    : { metadata: { uid }, spec: { claimRef: { uid: null, resourceVersion: null } } };
  return [{ kind: "patch", resource: "persistentvolumes", namespace: "", name, patch }];
}

function enter(volume: StoredVolume, phase: Phase, message?: string): Action[] {
  if (volume.status?.phase === phase) return [];
  const { name, uid } = volume.metadata;
  const patch = { metadata: { uid }, status: { phase, message: message ?? null } };
  return [
    {
      kind: "patch",
      resource: "persistentvolumes",
      namespace: "",
      name,
      subresource: "status",
      patch,
      absentIsFine: true,
    },
  ];
}

function fail(volume: StoredVolume, reason: string, message: string): Action[] {
  if (volume.status?.phase === "Failed") return [];
  return [
    ...enter(volume, "Failed", message),
    { kind: "event", note: { about: aboutVolume(volume), type: "Warning", reason, message } },
  ];
}

function aboutVolume(volume: StoredVolume): ReturnType<typeof subjectOf> {
  return { ...subjectOf(volume), apiVersion: "v1", kind: "PersistentVolume" };
}

function isOurs(volume: StoredVolume): boolean {
  return LOCAL_PROVISIONERS.has(volume.metadata.annotations?.[PROVISIONED_BY] ?? "");
}

function policyOf(volume: StoredVolume): string {
  return volume.spec?.persistentVolumeReclaimPolicy ?? "Retain";
}
