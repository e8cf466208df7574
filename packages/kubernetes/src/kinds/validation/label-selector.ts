import type { LabelSelector, LabelSelectorRequirement } from "kubernetes-types/meta/v1.d.ts";

import { forbidden, GoText, goQuote, invalid, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import type { Requirement } from "../label-selector.ts";
import { labelValue } from "./names.ts";
import { validateLabelName, validateLabels } from "./object-meta.ts";

export function validateLabelSelector(selector: LabelSelector | undefined, path: string): FieldError[] {
  const errors = validateLabels(selector?.matchLabels, `${path}.matchLabels`);
  for (const [index, requirement] of (selector?.matchExpressions ?? []).entries()) {
    errors.push(...validateRequirement(requirement, `${path}.matchExpressions[${index}]`));
  }
  return errors;
}

function validateRequirement(requirement: LabelSelectorRequirement, path: string): FieldError[] {
  const errors = validateTerm(requirement, path);
  for (const [index, value] of (requirement.values ?? []).entries()) {
    for (const problem of labelValue(value)) errors.push(invalid(`${path}.values[${index}]`, value, problem));
  }
  return errors;
}

/** What the terms of label selectors and of node selectors have in common. */
export function validateTerm({ key, operator, values = [] }: Requirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0)
        errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0) {
        errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
      break;
    default:
      errors.push(invalid(`${path}.operator`, operator, "not a valid selector operator"));
  }
  return [...errors, ...validateLabelName(key, `${path}.key`)];
}

export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** A map of labels in Go's `%#v`, `undefined` being the nil map. */
export function goLabels(labels: Readonly<Record<string, string>> | undefined): unknown {
  return labels === undefined ? new GoText("map[string]string(nil)") : labels;
}

/** A selector in Go's `%#v`. */
export function goSelector({ matchLabels, matchExpressions }: LabelSelector): GoText {
  const labels = Object.entries(matchLabels ?? {}).map(([key, value]) => `${goQuote(key)}:${goQuote(value)}`);
  const labelsText =
    matchLabels === undefined ? "map[string]string(nil)" : `map[string]string{${labels.sort().join(", ")}}`;
  const requirements = (matchExpressions ?? []).map(({ key, operator, values }) => {
    const list = values === undefined ? "[]string(nil)" : `[]string{${values.map(goQuote).join(", ")}}`;
    return `v1.LabelSelectorRequirement{Key:${goQuote(key)}, Operator:${goQuote(operator)}, Values:${list}}`;
  });
  const tail = matchExpressions === undefined ? "(nil)" : `{${requirements.join(", ")}}`;
  return new GoText(
    `v1.LabelSelector{MatchLabels:${labelsText}, MatchExpressions:[]v1.LabelSelectorRequirement${tail}}`,
  );
}
