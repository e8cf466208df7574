import type { PersistentVolumeClaim } from "kubernetes-types/core/v1.d.ts";

/** Defaults of a claim and of a set's claim template. */
export function defaultPersistentVolumeClaim(claim: {
  spec?: PersistentVolumeClaim["spec"];
  status?: PersistentVolumeClaim["status"];
}): void {
  claim.status = { ...claim.status, phase: claim.status?.phase ?? "Pending" };
  if (claim.spec === undefined) return;
  claim.spec.volumeMode ??= "Filesystem";
  // The two fields are an older and a newer form of one.
  const source = claim.spec.dataSourceRef ?? claim.spec.dataSource;
  if (source?.apiGroup !== undefined) source.apiGroup ||= "";
}
