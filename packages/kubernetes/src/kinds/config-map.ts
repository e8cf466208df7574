import type { ConfigMap } from "kubernetes-types/core/v1.d.ts";

import { ageColumn, column, nameColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { invalid } from "./field-error.ts";
import { since } from "./human-duration.ts";
import type { FieldError } from "./kind.ts";
import { configMap as schema } from "./schema/config-map.ts";
import { validateImmutableData, validateDataSize } from "./validation/config-data.ts";
import { configMapKey, subdomainName } from "./validation/names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./validation/object-meta.ts";

/** Settings as pairs of key and text, or bytes. */
export const configMap = defineKind<ConfigMap>({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  resource: "configmaps",
  singular: "configmap",
  namespaced: true,
  shortNames: ["cm"],
  subresources: [],
  schema,
  strategy: {
    validate: (object) => [...validateObjectMeta(object.metadata, true, subdomainName), ...validateData(object)],
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...validateImmutableData(object, old, ["data", "binaryData"]),
      ...validateObjectMeta(object.metadata, true, subdomainName),
      ...validateData(object),
    ],
  },
  columns: [nameColumn, column("Data", "Number of keys."), ageColumn],
  row: (object, now) => [
    object.metadata.name,
    Object.keys(object.data ?? {}).length + Object.keys(object.binaryData ?? {}).length,
    since(object.metadata.creationTimestamp, now),
  ],
});

function validateData(object: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  const { data = {}, binaryData = {} } = object;
  for (const key of Object.keys(data)) {
    for (const problem of configMapKey(key)) errors.push(invalid(`data[${key}]`, key, problem));
    if (Object.hasOwn(binaryData, key))
      errors.push(invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
  }
  for (const key of Object.keys(binaryData)) {
    for (const problem of configMapKey(key)) errors.push(invalid(`binaryData[${key}]`, key, problem));
  }
  return [...errors, ...validateDataSize(data, binaryData, "")];
}
