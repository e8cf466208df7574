import type { ServiceAccount } from "kubernetes-types/core/v1.d.ts";

import { ageColumn, column, nameColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { since } from "./human-duration.ts";
import { serviceAccount as schema } from "./schema/service-account.ts";
import { subdomainName } from "./validation/names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./validation/object-meta.ts";

/** An identity for pods. */
export const serviceAccount = defineKind<ServiceAccount>({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  resource: "serviceaccounts",
  singular: "serviceaccount",
  namespaced: true,
  shortNames: ["sa"],
  subresources: [],
  schema,
  strategy: {
    validate: (object) => validateObjectMeta(object.metadata, true, subdomainName),
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...validateObjectMeta(object.metadata, true, subdomainName),
    ],
    deleteReturnsObject: true,
  },
  columns: [nameColumn, column("Secrets", "Number of secrets that pods of the account may use."), ageColumn],
  row: (object, now) => [
    object.metadata.name,
    object.secrets?.length ?? 0,
    since(object.metadata.creationTimestamp, now),
  ],
});
