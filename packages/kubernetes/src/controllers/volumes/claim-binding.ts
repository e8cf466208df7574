// A claim's way to a volume: syncUnboundClaim and syncBoundClaim of
// pkg/controller/volume/persistentvolume/pv_controller.go of Kubernetes.
import type { PersistentVolumeClaimStatus } from "kubernetes-types/core/v1.d.ts";

import { deepEqual } from "../deep-equal.ts";
import { subjectOf } from "../event-recorder.ts";
import { NOTHING, type Action, type EventNote, type Plan } from "../plan.ts";
import type { StoredClaim, StoredVolume, View } from "../view.ts";
import { provision } from "./provisioning.ts";
import { findVolume, mismatch } from "./volume-match.ts";
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  defaultClass,
  isBoundTo,
  SELECTED_NODE,
  waitsForConsumer,
} from "./volume-names.ts";

export function reconcileClaim(view: View, claim: StoredClaim, volumesDirectory: string): Plan {
  if (claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) return { steps: keepBound(view, claim) };
  if (claim.metadata.deletionTimestamp !== undefined) return NOTHING;
  return { steps: bind(view, claim, volumesDirectory) };
}

function bind(view: View, claim: StoredClaim, volumesDirectory: string): Action[] {
  const wanted = claim.spec?.volumeName ?? "";
  if (wanted !== "") return bindToNamed(view, claim, wanted);
  if (claim.spec?.storageClassName === undefined) {
    // The class became the default after the claim was made.
    const storageClass = defaultClass(view);
    if (storageClass !== undefined) {
      const object = { ...claim, spec: { ...claim.spec, storageClassName: storageClass.metadata.name } };
      return [{ kind: "update", resource: "persistentvolumeclaims", object }];
    }
  }
  const waits = waitsForConsumer(view, claim) && claim.metadata.annotations?.[SELECTED_NODE] === undefined;
  const volume = findVolume(view.list("persistentvolumes"), claim, { onlyReserved: waits });
  if (volume !== undefined) return bindTo(claim, volume);
  if (waits)
    return [say(claim, "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding")];
  if ((claim.spec?.storageClassName ?? "") === "") {
    return [
      say(
        claim,
        "Normal",
        "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set",
      ),
    ];
  }
  const provisioning = provision(view, claim, volumesDirectory);
  return provisioning.volume === undefined
    ? [...provisioning.steps]
    : [...provisioning.steps, ...bindTo(claim, provisioning.volume)];
}

/** The claim names its volume: no other will do, and an occupied one is waited for. */
function bindToNamed(view: View, claim: StoredClaim, name: string): Action[] {
  const volume = view.get("persistentvolumes", "", name);
  if (volume === undefined) return [];
  const ref = volume.spec?.claimRef;
  if (ref === undefined) {
    const why = mismatch(volume, claim);
    if (why !== undefined) {
      return [say(claim, "Warning", "VolumeMismatch", `Cannot bind to requested volume "${name}": ${why}`)];
    }
    return bindTo(claim, volume);
  }
  if (isBoundTo(volume, claim)) return bindTo(claim, volume);
  return [say(claim, "Warning", "FailedBinding", `volume "${name}" already bound to a different claim.`)];
}

/** Ties volume and claim to each other, volume first: whatever happens in between, no second claim can take it. */
function bindTo(claim: StoredClaim, volume: StoredVolume): Action[] {
  return [...tieVolume(claim, volume), ...tieClaim(claim, volume)];
}

function tieVolume(claim: StoredClaim, volume: StoredVolume): Action[] {
  const ref = volume.spec?.claimRef;
  if (ref?.uid === claim.metadata.uid) return [];
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  const claimRef = { kind: "PersistentVolumeClaim", namespace, name, uid, apiVersion: "v1", resourceVersion };
  const annotations =
    ref === undefined ? { ...volume.metadata.annotations, [BOUND_BY_CONTROLLER]: "yes" } : volume.metadata.annotations;
  const object = {
    ...volume,
    metadata: { ...volume.metadata, ...(annotations === undefined ? {} : { annotations }) },
    spec: { ...volume.spec, claimRef },
  };
  return [{ kind: "update", resource: "persistentvolumes", object }];
}

function tieClaim(claim: StoredClaim, volume: StoredVolume): Action[] {
  const steps: Action[] = [];
  const unnamed = (claim.spec?.volumeName ?? "") === "";
  if (unnamed || claim.metadata.annotations?.[BIND_COMPLETED] === undefined) {
    const { namespace = "", name, uid } = claim.metadata;
    const ours = unnamed ? { [BOUND_BY_CONTROLLER]: "yes" } : {};
    const annotations = { ...provisionerNotes(volume), [BIND_COMPLETED]: "yes", ...ours };
    const patch = { metadata: { uid, annotations }, spec: { volumeName: volume.metadata.name } };
    steps.push({ kind: "patch", resource: "persistentvolumeclaims", namespace, name, patch });
  }
  return [...steps, ...settleStatus(claim, boundStatus(claim, volume))];
}

function provisionerNotes(volume: StoredVolume): Record<string, string> {
  const by = volume.metadata.annotations?.["pv.kubernetes.io/provisioned-by"];
  if (by === undefined) return {};
  return { "volume.beta.kubernetes.io/storage-provisioner": by, "volume.kubernetes.io/storage-provisioner": by };
}

function boundStatus(claim: StoredClaim, volume: StoredVolume): PersistentVolumeClaimStatus {
  const status: PersistentVolumeClaimStatus = { ...claim.status, phase: "Bound" };
  if (volume.spec?.accessModes !== undefined) status.accessModes = volume.spec.accessModes;
  if (volume.spec?.capacity !== undefined && claim.status?.capacity === undefined)
    status.capacity = volume.spec.capacity;
  return status;
}

/** A claim whose binding was completed once: the volume must still be there and still be its own. */
function keepBound(view: View, claim: StoredClaim): Action[] {
  const name = claim.spec?.volumeName ?? "";
  if (name === "") {
    return lose(claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
  }
  const volume = view.get("persistentvolumes", "", name);
  if (volume === undefined) {
    return lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
  }
  if (volume.spec?.claimRef === undefined || isBoundTo(volume, claim)) {
    return [...tieVolume(claim, volume), ...settleStatus(claim, boundStatus(claim, volume))];
  }
  return lose(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
}

function lose(claim: StoredClaim, reason: string, message: string): Action[] {
  if (claim.status?.phase === "Lost") return [];
  return [...settleStatus(claim, { ...claim.status, phase: "Lost" }), say(claim, "Warning", reason, message)];
}

function settleStatus(claim: StoredClaim, status: PersistentVolumeClaimStatus): Action[] {
  if (deepEqual(status, claim.status ?? {})) return [];
  const { namespace = "", name, uid } = claim.metadata;
  return [
    {
      kind: "patch",
      resource: "persistentvolumeclaims",
      namespace,
      name,
      subresource: "status",
      patch: { metadata: { uid }, status },
    },
  ];
}

export function say(claim: StoredClaim, type: EventNote["type"], reason: string, message: string): Action {
  return {
    kind: "event",
    note: { about: { ...subjectOf(claim), apiVersion: "v1", kind: "PersistentVolumeClaim" }, type, reason, message },
  };
}
