import type { Node, NodeSelectorTerm } from "kubernetes-types/core/v1.d.ts";

import { matchesRequirement } from "../kinds/label-selector.ts";

/** Whether a node has what one term of a node selector asks for; a term that asks for nothing matches no node. */
export function matchesNodeTerm(term: NodeSelectorTerm, node: Pick<Node, "metadata">): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  return (
    expressions.every((expression) => matchesRequirement(expression, node.metadata?.labels)) &&
    fields.every((field) => matchesRequirement(field, { "metadata.name": node.metadata?.name ?? "" }))
  );
}
