import type { Node, Taint } from "kubernetes-types/core/v1.d.ts";

import { forbidden, GoText, goQuote, invalid, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { labelValue, subdomainName } from "./names.ts";
import { validateLabelName, validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { validateResourceAmount } from "./resources.ts";
import { validateTaintEffect } from "./scheduling.ts";

export function validateNode(object: Node): FieldError[] {
  return [
    ...validateObjectMeta(object.metadata ?? {}, false, subdomainName),
    ...validateTaints(object.spec?.taints ?? []),
    ...validateResources(object),
  ];
}

// The paths are the original's: it looks for taints in the metadata.
function validateTaints(taints: readonly Taint[]): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap(({ key, value = "", effect }, index) => {
    const at = `metadata.taints[${index}]`;
    const errors = validateLabelName(key, `${at}.key`);
    const problems = labelValue(value);
    if (problems.length > 0) errors.push(invalid(`${at}.value`, value, problems.join(";")));
    errors.push(...(effect === "" ? [required(`${at}.effect`)] : validateTaintEffect(effect, `${at}.effect`)));
    if (seen.has(`${effect}/${key}`)) {
      const shown = `core.Taint{Key:${goQuote(key)}, Value:${goQuote(value)}, Effect:${goQuote(effect)}, TimeAdded:<nil>}`;
      const detail = "taints must be unique by key and effect pair";
      errors.push({ kind: "Duplicate value", path: at, value: new GoText(shown), detail });
    }
    seen.add(`${effect}/${key}`);
    return errors;
  });
}

function validateResources({ status = {} }: Node): FieldError[] {
  return [
    ...Object.entries(status.capacity ?? {}).flatMap(([name, amount]) =>
      validateResourceAmount(name, amount, `status.capacity[${name}]`),
    ),
    ...Object.entries(status.allocatable ?? {}).flatMap(([name, amount]) =>
      validateResourceAmount(name, amount, `status.allocatable[${name}]`),
    ),
  ];
}

export function validateNodeUpdate(object: Node, old: Node): FieldError[] {
  const errors = [...validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {}), ...validateResources(object)];
  const addresses = new Set<string>();
  for (const [index, { type, address }] of (object.status?.addresses ?? []).entries()) {
    const key = `${type}/${address}`;
    const shown = new GoText(`core.NodeAddress{Type:${goQuote(type)}, Address:${goQuote(address)}}`);
    if (addresses.has(key)) errors.push({ kind: "Duplicate value", path: `status.addresses[${index}]`, value: shown });
    addresses.add(key);
  }
  const ranges = old.spec?.podCIDRs ?? [];
  if (ranges.length > 0 && ranges.join() !== (object.spec?.podCIDRs ?? []).join()) {
    errors.push(forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'));
  }
  const provider = old.spec?.providerID ?? "";
  if (provider !== "" && provider !== object.spec?.providerID) {
    errors.push(forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'));
  }
  return [...errors, ...validateTaints(object.spec?.taints ?? [])];
}
