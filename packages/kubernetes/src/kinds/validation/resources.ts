import type { ResourceRequirements } from "kubernetes-types/core/v1.d.ts";

import { GoText, invalid, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { compareQuantities, goQuantity, quantityNano } from "../quantity.ts";
import { qualifiedName } from "./names.ts";

const STANDARD: ReadonlySet<string> = new Set([
  "cpu",
  "memory",
  "ephemeral-storage",
  "storage",
  "pods",
  "services",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "services.nodeports",
  "services.loadbalancers",
]);
const OF_CONTAINERS: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);

/** Requests and limits of a container. */
export function validateResourceRequirements(
  { limits = {}, requests = {} }: ResourceRequirements,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, amount] of Object.entries(limits)) {
    const at = `${path}.limits[${name}]`;
    errors.push(...validateName(name, at), ...validateResourceAmount(name, amount, at));
  }
  for (const [name, amount] of Object.entries(requests)) {
    const at = `${path}.requests[${name}]`;
    errors.push(...validateName(name, at), ...validateResourceAmount(name, amount, at));
    const limit = limits[name];
    const overcommit = isNative(name) && !name.startsWith("hugepages-");
    if (limit === undefined) {
      if (!overcommit) errors.push(required(`${path}.limits`, "Limit must be set for non overcommitable resources"));
    } else if (!overcommit && compareQuantities(amount, limit) !== 0) {
      errors.push(invalid(`${path}.requests`, String(amount), `must be equal to ${name} limit of ${limit}`));
    } else if (compareQuantities(amount, limit) > 0) {
      errors.push(
        invalid(`${path}.requests`, String(amount), `must be less than or equal to ${name} limit of ${limit}`),
      );
    }
  }
  return errors;
}

function validateName(name: string, path: string): FieldError[] {
  // The type of a resource's name prints itself, without quotes.
  const shown = new GoText(name);
  const errors = qualifiedName(name).map((problem) => invalid(path, shown, problem));
  if (errors.length > 0) return errors;
  if (!name.includes("/")) {
    const huge = name.startsWith("hugepages-");
    if (!huge && !STANDARD.has(name))
      errors.push(invalid(path, shown, "must be a standard resource type or fully qualified"));
    if (!huge && !OF_CONTAINERS.has(name))
      errors.push(invalid(path, shown, "must be a standard resource for containers"));
  } else if (!isNative(name) && name.startsWith("requests.")) {
    errors.push(invalid(path, shown, "doesn't follow extended resource name standard"));
  }
  return errors;
}

/** A resource of the system's own; others are counted, and not promised twice. */
function isNative(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

const NANO = 1_000_000_000n;

/** Not negative, and whole where the resource is counted. */
export function validateResourceAmount(name: string, amount: string | number, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (compareQuantities(amount, 0) < 0)
    errors.push(invalid(path, String(amount), "must be greater than or equal to 0"));
  const counted = name === "pods" || !isNative(name);
  if (counted && (quantityNano(amount) ?? 0n) % NANO !== 0n)
    errors.push(invalid(path, goQuantity(amount), "must be an integer"));
  return errors;
}
