// Which volume suits a claim: FindMatchingVolume and CheckVolumeModeMismatches of
// staging/src/k8s.io/component-helpers/storage/volume/pv_helpers.go of Kubernetes.
import type { Node } from "kubernetes-types/core/v1.d.ts";

import { matchesSelector } from "../../kinds/label-selector.ts";
import { compareQuantities } from "../../kinds/quantity.ts";
import { matchesNodeTerm } from "../node-selector.ts";
import type { StoredClaim, StoredVolume } from "../view.ts";
import { isBoundTo } from "./volume-names.ts";

/**
 * The volume made for this claim, else the smallest free one that satisfies it; the first by name of equals. With
 * `onlyReserved` free volumes are left alone; with `node` the volume must be reachable from there.
 */
export function findVolume(
  volumes: readonly StoredVolume[],
  claim: StoredClaim,
  options: { readonly onlyReserved?: boolean; readonly node?: Pick<Node, "metadata"> } = {},
): StoredVolume | undefined {
  let best: StoredVolume | undefined;
  for (const volume of volumes) {
    if (volume.metadata.deletionTimestamp !== undefined) continue;
    if (mismatch(volume, claim) !== undefined) continue;
    if (options.node !== undefined && !isReachable(volume, options.node)) continue;
    if (isBoundTo(volume, claim)) return volume;
    if (options.onlyReserved === true || volume.spec?.claimRef !== undefined) continue;
    if (volume.status?.phase !== "Available") continue;
    if (claim.spec?.selector !== undefined && !matchesSelector(claim.spec.selector, volume.metadata.labels)) continue;
    if (best === undefined || compareQuantities(sizeOf(volume), sizeOf(best)) < 0) best = volume;
  }
  return best;
}

/** Why the volume cannot serve the claim, in the original's words; undefined when it can. */
export function mismatch(volume: StoredVolume, claim: StoredClaim): string | undefined {
  const requested = claim.spec?.resources?.requests?.["storage"] ?? "0";
  if (compareQuantities(sizeOf(volume), requested) < 0) return "requested PV is too small";
  if ((volume.spec?.storageClassName ?? "") !== (claim.spec?.storageClassName ?? ""))
    return "storageClassName does not match";
  if ((volume.spec?.volumeMode ?? "Filesystem") !== (claim.spec?.volumeMode ?? "Filesystem"))
    return "incompatible volumeMode";
  const modes: readonly string[] = volume.spec?.accessModes ?? [];
  if (!(claim.spec?.accessModes ?? []).every((mode) => modes.includes(mode))) return "incompatible accessMode";
  return undefined;
}

/** Whether pods on this node can use the volume: any term of its node affinity, or none given. */
export function isReachable(volume: StoredVolume, node: Pick<Node, "metadata">): boolean {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  if (terms === undefined) return true;
  return terms.some((term) => matchesNodeTerm(term, node));
}

function sizeOf(volume: StoredVolume): string {
  return volume.spec?.capacity?.["storage"] ?? "0";
}
