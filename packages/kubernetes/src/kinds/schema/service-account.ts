import { boolean, list, mergedList, object, string } from "./field.ts";
import { objectMeta } from "./meta.ts";
import { localObjectReference, objectReference } from "./references.ts";

export const serviceAccount = object(
  "ServiceAccount",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    secrets: mergedList(objectReference, "name"),
    imagePullSecrets: list(localObjectReference),
    automountServiceAccountToken: boolean,
  },
  { always: ["metadata"], kept: ["automountServiceAccountToken"] },
);
