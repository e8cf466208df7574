import type { PodDisruptionBudget } from "kubernetes-types/policy/v1.d.ts";

import { ageColumn, column, nameColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { since } from "./human-duration.ts";
import { podDisruptionBudget as schema } from "./schema/pod-disruption-budget.ts";
import {
  validatePodDisruptionBudget,
  validatePodDisruptionBudgetStatusUpdate,
  validatePodDisruptionBudgetUpdate,
} from "./validation/pod-disruption-budget.ts";

/** How many pods may be away at a time by somebody's will. */
export const podDisruptionBudget = defineKind<PodDisruptionBudget>({
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  resource: "poddisruptionbudgets",
  singular: "poddisruptionbudget",
  namespaced: true,
  shortNames: ["pdb"],
  subresources: ["status"],
  schema,
  strategy: {
    generation: true,
    prepareForCreate(object) {
      delete object.status;
    },
    prepareForUpdate(object, old) {
      if (old.status !== undefined) object.status = structuredClone(old.status);
    },
    validate: validatePodDisruptionBudget,
    validateUpdate: validatePodDisruptionBudgetUpdate,
    validateStatusUpdate: validatePodDisruptionBudgetStatusUpdate,
  },
  columns: [
    nameColumn,
    column("Min Available", "Pods that must stay available."),
    column("Max Unavailable", "Pods that may be unavailable."),
    column("Allowed Disruptions", "Pods that may be evicted now.", "integer"),
    ageColumn,
  ],
  row: (object, now) => [
    object.metadata.name,
    String(object.spec?.minAvailable ?? "N/A"),
    String(object.spec?.maxUnavailable ?? "N/A"),
    object.status?.disruptionsAllowed ?? 0,
    since(object.metadata.creationTimestamp, now),
  ],
});
