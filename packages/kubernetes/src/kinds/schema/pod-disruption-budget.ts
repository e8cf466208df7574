import { int32, int64, intOrString, map, mergedList, object, string, time } from "./field.ts";
import { labelSelector } from "./label-selector.ts";
import { condition, objectMeta } from "./meta.ts";

export const podDisruptionBudgetSpec = object(
  "PodDisruptionBudgetSpec",
  {
    minAvailable: intOrString,
    selector: labelSelector,
    maxUnavailable: intOrString,
    unhealthyPodEvictionPolicy: string,
  },
  { kept: ["minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy"] },
);

export const podDisruptionBudgetStatus = object(
  "PodDisruptionBudgetStatus",
  {
    observedGeneration: int64,
    disruptedPods: map(time),
    disruptionsAllowed: int32,
    currentHealthy: int32,
    desiredHealthy: int32,
    expectedPods: int32,
    conditions: mergedList(condition, "type"),
  },
  { always: ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] },
);

export const podDisruptionBudget = object(
  "PodDisruptionBudget",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    spec: podDisruptionBudgetSpec,
    status: podDisruptionBudgetStatus,
  },
  { always: ["metadata", "spec", "status"] },
);
