import type { KubeObject } from "../../api/object.ts";
import type { Change, Controller } from "../controller.ts";
import { NOTHING } from "../plan.ts";
import { keyOf, splitKey, type StoredClaim, type StoredVolume, type View } from "../view.ts";
import { reconcileClaim } from "./claim-binding.ts";
import { isFullyBound } from "./volume-names.ts";
import { reconcileVolume } from "./volume-reclaim.ts";

const CLAIM = "claim:";
const VOLUME = "volume:";

/**
 * Binds claims to volumes, makes volumes for claims whose class says so, and reclaims them. `volumesDirectory` is the
 * absolute path under which each volume made here is a folder.
 */
export function volumeController(volumesDirectory: string): Controller {
  return {
    name: "persistentvolume-controller",
    watches: ["persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"],
    keysOf,
    reconcile(view, key) {
      if (key.startsWith(CLAIM)) {
        const claim = view.get("persistentvolumeclaims", ...splitKey(key.slice(CLAIM.length)));
        return claim === undefined ? NOTHING : reconcileClaim(view, claim, volumesDirectory);
      }
      const volume = view.get("persistentvolumes", "", key.slice(VOLUME.length));
      return volume === undefined ? NOTHING : reconcileVolume(view, volume, volumesDirectory);
    },
  };
}

function keysOf(change: Change, view: View): string[] {
  const object = change.next ?? change.old;
  if (object === undefined) return [];
  switch (change.resource) {
    case "persistentvolumeclaims":
      return keysOfClaim(object, view);
    case "persistentvolumes":
      return keysOfVolume(change, object, view);
    default:
      return unboundClaims(view);
  }
}

function keysOfClaim(object: KubeObject, view: View): string[] {
  const claim = object as unknown as StoredClaim;
  const keys = [`${CLAIM}${keyOf(claim)}`];
  const named = claim.spec?.volumeName ?? "";
  if (named !== "") return [...keys, `${VOLUME}${named}`];
  for (const volume of view.list("persistentvolumes")) {
    const ref = volume.spec?.claimRef;
    if (ref?.name === claim.metadata.name && ref.namespace === claim.metadata.namespace)
      keys.push(`${VOLUME}${volume.metadata.name}`);
  }
  return keys;
}

function keysOfVolume(change: Change, object: KubeObject, view: View): string[] {
  const keys = [`${VOLUME}${object.metadata.name}`];
  for (const version of [change.old, change.next] as unknown as (StoredVolume | undefined)[]) {
    const ref = version?.spec?.claimRef;
    if (ref !== undefined) keys.push(`${CLAIM}${ref.namespace ?? ""}/${ref.name ?? ""}`);
  }
  const next = change.next as unknown as StoredVolume | undefined;
  if (next?.status?.phase === "Available") keys.push(...unboundClaims(view));
  return keys;
}

function unboundClaims(view: View): string[] {
  return view
    .list("persistentvolumeclaims")
    .filter((claim) => !isFullyBound(claim))
    .map((claim) => `${CLAIM}${keyOf(claim)}`);
}
