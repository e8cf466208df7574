import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from "kubernetes-types/policy/v1.d.ts";

import { GoText, goQuote, invalid } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { validateLabelSelector } from "./label-selector.ts";
import { percent, segmentName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { absentOrOneOf, nonNegative } from "./scalars.ts";

export function validatePodDisruptionBudget(object: PodDisruptionBudget): FieldError[] {
  const errors = validateObjectMeta(object.metadata ?? {}, true, segmentName);
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = object.spec ?? {};
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    errors.push(invalid("spec", new GoText(goSpec()), "minAvailable and maxUnavailable cannot be both set"));
  }
  errors.push(
    ...countOrPercent(minAvailable, "spec.minAvailable"),
    ...countOrPercent(maxUnavailable, "spec.maxUnavailable"),
    ...validateLabelSelector(selector, "spec.selector"),
    ...absentOrOneOf(unhealthyPodEvictionPolicy, ["AlwaysAllow", "IfHealthyBudget"], "spec.unhealthyPodEvictionPolicy"),
  );
  return errors;
}

/** The original prints addresses of memory here, which no two runs share. */
function goSpec(): string {
  const pointer = "(*intstr.IntOrString)(0xc000000000)";
  const rest = "Selector:(*v1.LabelSelector)(0xc000000000), MaxUnavailable:";
  return `policy.PodDisruptionBudgetSpec{MinAvailable:${pointer}, ${rest}${pointer}, UnhealthyPodEvictionPolicy:(*policy.UnhealthyPodEvictionPolicyType)(nil)}`;
}

function countOrPercent(value: number | string | undefined, path: string): FieldError[] {
  if (value === undefined) return [];
  if (typeof value === "number") return nonNegative(value, path);
  const shown = new GoText(`intstr.IntOrString{Type:1, IntVal:0, StrVal:${goQuote(value)}}`);
  const errors = percent(value).map((problem) => invalid(path, shown, problem));
  if (errors.length === 0 && Number.parseInt(value, 10) > 100) {
    errors.push(invalid(path, shown, "must not be greater than 100%"));
  }
  return errors;
}

export function validatePodDisruptionBudgetUpdate(object: PodDisruptionBudget, old: PodDisruptionBudget): FieldError[] {
  return [
    ...validatePodDisruptionBudget(object),
    ...validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {}),
  ];
}

const COUNTS = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] as const;

export function validatePodDisruptionBudgetStatusUpdate(
  object: PodDisruptionBudget,
  old: PodDisruptionBudget,
): FieldError[] {
  const status: Partial<PodDisruptionBudgetStatus> = object.status ?? {};
  const errors = validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {});
  for (const count of COUNTS) errors.push(...nonNegative(status[count], `status.${count}`));
  return errors;
}
