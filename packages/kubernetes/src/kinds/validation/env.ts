import type {
  ConfigMapKeySelector,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from "kubernetes-types/core/v1.d.ts";

import { invalid, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { compareQuantities } from "../quantity.ts";
import { configMapKey, dns1123Subdomain, environmentVariableName, qualifiedName, subdomainName } from "./names.ts";
import { requiredText } from "./scalars.ts";

const ENV_FIELDS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
] as const;
export const VOLUME_FIELDS = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
] as const;
/** Every path that the downward API knows, in a variable or a file. */
const FIELDS: ReadonlySet<string> = new Set([
  ...ENV_FIELDS,
  ...VOLUME_FIELDS,
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
]);
const RESOURCES = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
] as const;
const BYTE_DIVISORS = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

export function validateEnv(variables: readonly EnvVar[], path: string): FieldError[] {
  return variables.flatMap((variable, index) => {
    const at = `${path}[${index}]`;
    const errors =
      variable.name === ""
        ? [required(`${at}.name`)]
        : environmentVariableName(variable.name).map((problem) => invalid(`${at}.name`, variable.name, problem));
    if (variable.valueFrom !== undefined)
      errors.push(...validateSource(variable.valueFrom, variable.value ?? "", `${at}.valueFrom`));
    return errors;
  });
}

function validateSource(source: EnvVarSource, value: string, path: string): FieldError[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  const errors: FieldError[] = [];
  if (fieldRef !== undefined) errors.push(...validateFieldSelector(fieldRef, ENV_FIELDS, `${path}.fieldRef`));
  if (resourceFieldRef !== undefined) {
    errors.push(...validateResourceSelector(resourceFieldRef, false, `${path}.resourceFieldRef`));
  }
  if (configMapKeyRef !== undefined) errors.push(...validateKeySelector(configMapKeyRef, `${path}.configMapKeyRef`));
  if (secretKeyRef !== undefined) errors.push(...validateKeySelector(secretKeyRef, `${path}.secretKeyRef`));
  const count = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef].filter((one) => one !== undefined).length;
  if (count === 0) {
    errors.push(
      invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"),
    );
  } else if (value !== "") errors.push(invalid(path, "", "may not be specified when `value` is not empty"));
  else if (count > 1) errors.push(invalid(path, "", "may not have more than one field specified at a time"));
  return errors;
}

export function validateFieldSelector(
  selector: ObjectFieldSelector,
  supported: readonly string[],
  path: string,
): FieldError[] {
  const { apiVersion = "", fieldPath } = selector;
  if (apiVersion === "") return [required(`${path}.apiVersion`)];
  if (fieldPath === "") return [required(`${path}.fieldPath`)];
  const subscripted = /^(?<base>[^[]*)\['(?<key>.*)'\]$/.exec(fieldPath)?.groups;
  const { base = fieldPath, key } = subscripted ?? {};
  const known = key === undefined ? FIELDS.has(base) : base === "metadata.annotations" || base === "metadata.labels";
  if (apiVersion !== "v1" || !known) {
    const problem =
      apiVersion !== "v1"
        ? `unsupported pod version: ${apiVersion}`
        : key === undefined
          ? `field label not supported: ${fieldPath}`
          : `field label does not support subscript: ${fieldPath}`;
    return [invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${problem}`)];
  }
  if (key === undefined) return supported.includes(base) ? [] : [notSupported(`${path}.fieldPath`, base, supported)];
  const name = base === "metadata.annotations" ? key.toLowerCase() : key;
  return qualifiedName(name).map((problem) => invalid(path, name, problem));
}

export function validateResourceSelector(
  selector: ResourceFieldSelector,
  inVolume: boolean,
  path: string,
): FieldError[] {
  const { resource, containerName = "", divisor = "0" } = selector;
  const errors: FieldError[] = [];
  const huge = resource.startsWith("requests.hugepages-") || resource.startsWith("limits.hugepages-");
  if (inVolume && containerName === "") errors.push(required(`${path}.containerName`));
  else if (resource === "") errors.push(required(`${path}.resource`));
  else if (!huge && !RESOURCES.some((known) => known === resource))
    errors.push(notSupported(`${path}.resource`, resource, RESOURCES));
  if (compareQuantities(divisor, 0) === 0) return errors;
  const kind = huge ? "hugepages" : resource.slice(resource.indexOf(".") + 1);
  const allowed = kind === "cpu" ? ["1m", "1"] : BYTE_DIVISORS;
  const words: Record<string, string> = {
    cpu: "only divisor's values 1m and 1 are supported with the cpu resource",
    memory: `only divisor's values ${BYTE_DIVISORS.join(", ")} are supported with the memory resource`,
    "ephemeral-storage": `only divisor's values ${BYTE_DIVISORS.join(", ")} are supported with the local ephemeral storage resource`,
    hugepages: `only divisor's values ${BYTE_DIVISORS.join(", ")} are supported with the hugepages resource`,
  };
  const detail = words[kind];
  if (detail !== undefined && !allowed.includes(String(divisor)))
    errors.push(invalid(`${path}.divisor`, resource, detail));
  return errors;
}

function validateKeySelector({ name = "", key }: ConfigMapKeySelector, path: string): FieldError[] {
  const errors = dns1123Subdomain(name).map((problem) => invalid(`${path}.name`, name, problem));
  if (key === "") return [...errors, required(`${path}.key`)];
  return [...errors, ...configMapKey(key).map((problem) => invalid(`${path}.key`, key, problem))];
}

export function validateEnvFrom(sources: readonly EnvFromSource[], path: string): FieldError[] {
  return sources.flatMap(({ prefix = "", configMapRef, secretRef }, index) => {
    const at = `${path}[${index}]`;
    const errors =
      prefix === "" ? [] : environmentVariableName(prefix).map((problem) => invalid(`${at}.prefix`, prefix, problem));
    if (configMapRef !== undefined) errors.push(...validateSourceName(configMapRef.name, `${at}.configMapRef.name`));
    if (secretRef !== undefined) errors.push(...validateSourceName(secretRef.name, `${at}.secretRef.name`));
    if (configMapRef === undefined && secretRef === undefined) {
      errors.push(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
    } else if (configMapRef !== undefined && secretRef !== undefined) {
      errors.push(invalid(path, "", "may not have more than one field specified at a time"));
    }
    return errors;
  });
}

function validateSourceName(name: string | undefined, path: string): FieldError[] {
  const missing = requiredText(name, path);
  return missing.length > 0 ? missing : subdomainName(name ?? "", true).map((problem) => invalid(path, name, problem));
}
