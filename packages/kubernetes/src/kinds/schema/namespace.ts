import { list, mergedList, object, string, time } from "./field.ts";
import { objectMeta } from "./meta.ts";

export const namespaceSpec = object("NamespaceSpec", {
  finalizers: list(string),
});

export const namespaceCondition = object(
  "NamespaceCondition",
  {
    type: string,
    status: string,
    lastTransitionTime: time,
    reason: string,
    message: string,
  },
  { always: ["type", "status", "lastTransitionTime"] },
);

export const namespaceStatus = object("NamespaceStatus", {
  phase: string,
  conditions: mergedList(namespaceCondition, "type"),
});

export const namespace = object(
  "Namespace",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    spec: namespaceSpec,
    status: namespaceStatus,
  },
  { always: ["metadata", "spec", "status"] },
);
