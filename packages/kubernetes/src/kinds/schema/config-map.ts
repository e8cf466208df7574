import { boolean, bytes, map, object, string } from "./field.ts";
import { objectMeta } from "./meta.ts";

export const configMap = object(
  "ConfigMap",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    immutable: boolean,
    data: map(string),
    binaryData: map(bytes),
  },
  { always: ["metadata"], kept: ["immutable"] },
);
