import type { Container, ResourceFieldSelector } from "kubernetes-types/core/v1.d.ts";

import { quantityNano } from "../../kinds/quantity.ts";

/** What a container may use at most when it names no limit: the node's. */
export interface NodeAllocatable {
  readonly cpu: string;
  readonly memory: string;
  readonly "ephemeral-storage": string;
}

/** The value of a `resourceFieldRef`: the amount in units of the divisor, rounded up. Throws an Error in the original's words. */
export function resourceValue(
  container: Container,
  selector: ResourceFieldSelector,
  allocatable: NodeAllocatable,
): string {
  const match = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/.exec(selector.resource);
  if (match === null) throw new Error(`unsupported container resource : ${selector.resource}`);
  const [, kind, name = ""] = match;
  const given = kind === "limits" ? container.resources?.limits?.[name] : container.resources?.requests?.[name];
  const fallback = kind === "limits" && name in allocatable ? allocatable[name as keyof NodeAllocatable] : "0";
  const amount = quantityNano(given ?? fallback) ?? 0n;
  const divisor = (selector.divisor === undefined ? 0n : quantityNano(selector.divisor)) || (quantityNano("1") ?? 1n);
  return String((amount + divisor - 1n) / divisor);
}
