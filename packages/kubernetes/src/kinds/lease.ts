import type { Lease } from "kubernetes-types/coordination/v1.d.ts";

import { ageColumn, column, nameColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { invalid } from "./field-error.ts";
import { since } from "./human-duration.ts";
import type { FieldError } from "./kind.ts";
import { lease as schema } from "./schema/lease.ts";
import { subdomainName } from "./validation/names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./validation/object-meta.ts";

/** Who holds something, and until when: a node's heartbeat is one. */
export const lease = defineKind<Lease>({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  resource: "leases",
  singular: "lease",
  namespaced: true,
  subresources: [],
  schema,
  strategy: {
    validate: validateLease,
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...validateLease(object),
    ],
  },
  columns: [nameColumn, column("Holder", "Who holds the lease."), ageColumn],
  row: (object, now) => [
    object.metadata.name,
    object.spec?.holderIdentity ?? "",
    since(object.metadata.creationTimestamp, now),
  ],
});

function validateLease(object: Lease): FieldError[] {
  const errors = validateObjectMeta(object.metadata ?? {}, true, subdomainName);
  const { leaseDurationSeconds, leaseTransitions } = object.spec ?? {};
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    errors.push(invalid("spec.leaseDurationSeconds", leaseDurationSeconds, "must be greater than 0"));
  }
  if (leaseTransitions !== undefined && leaseTransitions < 0) {
    errors.push(invalid("spec.leaseTransitions", leaseTransitions, "must be greater than or equal to 0"));
  }
  return errors;
}
