import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "kubernetes-types/core/v1.d.ts";

import { defaultResourceList } from "./resource-list.ts";

/** Defaults of a claim and of a set's claim template. */
export function defaultPersistentVolumeClaim(claim: {
  spec?: PersistentVolumeClaimSpec;
  status?: NonNullable<PersistentVolumeClaim["status"]>;
}): void {
  claim.status = { ...claim.status, phase: claim.status?.phase ?? "Pending" };
  if (claim.spec !== undefined) defaultClaimSpec(claim.spec);
}

export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= "Filesystem";
  defaultResourceList(spec.resources?.limits);
  defaultResourceList(spec.resources?.requests);
}
