import { boolean, bytes, map, object, string } from "./field.ts";
import { objectMeta } from "./meta.ts";

export const secret = object(
  "Secret",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    immutable: boolean,
    data: map(bytes),
    stringData: map(string),
    type: string,
  },
  { always: ["metadata"], kept: ["immutable"] },
);
