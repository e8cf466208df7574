import { any, int64, object, string } from "./field.ts";
import { objectMeta } from "./meta.ts";

export const controllerRevision = object(
  "ControllerRevision",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    data: any,
    revision: int64,
  },
  { always: ["metadata", "data", "revision"] },
);
