import type { Secret } from "kubernetes-types/core/v1.d.ts";

import { ageColumn, column, nameColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { invalid, required } from "./field-error.ts";
import { since } from "./human-duration.ts";
import type { FieldError } from "./kind.ts";
import { secret as schema } from "./schema/secret.ts";
import { validateDataSize, validateImmutableData } from "./validation/config-data.ts";
import { immutable } from "./validation/immutable.ts";
import { configMapKey, subdomainName } from "./validation/names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./validation/object-meta.ts";

/** Keys that a secret of a standard type must have. */
const REQUIRED_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
]);

const SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name";

/** Confidential pairs of key and bytes. `stringData` is for writing only. */
export const secret = defineKind<Secret>({
  group: "",
  version: "v1",
  kind: "Secret",
  resource: "secrets",
  singular: "secret",
  namespaced: true,
  subresources: [],
  schema,
  defaults(object) {
    object.type ??= "Opaque";
    if (object.stringData === undefined) return;
    const encoded = Object.entries(object.stringData).map(
      ([key, text]) => [key, Buffer.from(text).toString("base64")] as const,
    );
    object.data = { ...object.data, ...Object.fromEntries(encoded) };
    delete object.stringData;
  },
  strategy: {
    prepareForUpdate(object, old) {
      // A client that sends no type means the one it has.
      if ((object.type ?? "") === "" && old.type !== undefined) object.type = old.type;
    },
    validate: (object) => [...validateObjectMeta(object.metadata, true, subdomainName), ...validateContent(object)],
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...immutable(object.type, old.type, "type"),
      ...validateImmutableData(object, old, ["data"]),
      ...validateObjectMeta(object.metadata, true, subdomainName),
      ...validateContent(object),
    ],
  },
  columns: [nameColumn, column("Type", "What the secret is for."), column("Data", "Number of keys."), ageColumn],
  row: (object, now) => [
    object.metadata.name,
    object.type ?? "",
    Object.keys(object.data ?? {}).length,
    since(object.metadata.creationTimestamp, now),
  ],
  selectableFields: { type: (object) => object.type ?? "" },
});

function validateContent(object: Secret): FieldError[] {
  const errors: FieldError[] = [];
  const { data = {}, type = "" } = object;
  for (const key of Object.keys(data)) {
    for (const problem of configMapKey(key)) errors.push(invalid(`data[${key}]`, key, problem));
  }
  errors.push(...validateDataSize({}, data, "data"));
  if (type === "kubernetes.io/service-account-token") {
    const account = object.metadata?.annotations?.[SERVICE_ACCOUNT_NAME] ?? "";
    if (account === "") errors.push(required(`metadata.annotations[${SERVICE_ACCOUNT_NAME}]`));
  }
  if (type === "kubernetes.io/basic-auth" && !Object.hasOwn(data, "username") && !Object.hasOwn(data, "password")) {
    errors.push(required("data[username]"), required("data[password]"));
  }
  for (const key of REQUIRED_KEYS.get(type) ?? []) {
    const value = data[key];
    if (value === undefined || (value === "" && type === "kubernetes.io/ssh-auth"))
      errors.push(required(`data[${key}]`));
    else if (type.startsWith("kubernetes.io/dockerc")) {
      const problem = jsonProblem(Buffer.from(value, "base64").toString());
      if (problem) errors.push(invalid(`data[${key}]`, "<secret contents redacted>", problem));
    }
  }
  return errors;
}

function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
