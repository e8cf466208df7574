// Label selectors of objects, after Requirement.Matches of k8s.io/apimachinery/pkg/labels.
import type { LabelSelector } from "kubernetes-types/meta/v1.d.ts";

type Labels = Readonly<Record<string, string>> | undefined;

/** One term of a label selector or a node selector. */
export interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

const INTEGER = /^[+-]?\d+$/;

/** Whether `labels` carry all of `wanted`. */
export function matchesLabels(wanted: Readonly<Record<string, string>>, labels: Labels): boolean {
  for (const [key, value] of Object.entries(wanted)) {
    if (labels === undefined || !Object.hasOwn(labels, key) || labels[key] !== value) return false;
  }
  return true;
}

/** A missing selector matches nothing, an empty one everything. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  if (!matchesLabels(selector.matchLabels ?? {}, labels)) return false;
  return (selector.matchExpressions ?? []).every((term) => matchesRequirement(term, labels));
}

/** `Gt` and `Lt` compare integers. An unknown operator matches nothing. */
export function matchesRequirement(term: Requirement, labels: Labels): boolean {
  const present = labels !== undefined && Object.hasOwn(labels, term.key);
  const value = present ? labels[term.key] : undefined;
  const values = term.values ?? [];
  switch (term.operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return present;
    case "DoesNotExist":
      return !present;
    case "Gt":
    case "Lt": {
      const bound = values[0];
      if (value === undefined || bound === undefined || !INTEGER.test(value) || !INTEGER.test(bound)) return false;
      return term.operator === "Gt" ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
    }
    default:
      return false;
  }
}
