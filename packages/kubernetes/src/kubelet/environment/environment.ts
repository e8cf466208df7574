/** The final environment and argv of a container, as kubernetes `pkg/kubelet/kubelet_pods.go` (makeEnvironmentVariables) has them. */
import type { ConfigMap, Container, EnvVarSource, Pod, Secret, Service } from "kubernetes-types/core/v1.d.ts";

import { expand } from "./expansion.ts";
import { fieldValue, type NodeFacts } from "./field-ref.ts";
import { type NodeAllocatable, resourceValue } from "./resource-ref.ts";
import { serviceEnvironment } from "./service-environment.ts";

/** Where a container's configuration comes from. */
export interface ConfigSource {
  configMap(namespace: string, name: string): ConfigMap | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  services(): Iterable<Service>;
}

export interface EnvironmentContext {
  readonly source: ConfigSource;
  readonly facts: NodeFacts;
  readonly allocatable: NodeAllocatable;
}

/** Something a container needs is not there: `CreateContainerConfigError` with these words. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

/** Throws `ConfigError`. The image's own variables come first and lose. */
export function containerEnvironment(
  pod: Pod,
  container: Container,
  imageEnv: Readonly<Record<string, string>>,
  context: EnvironmentContext,
): Map<string, string> {
  const namespace = pod.metadata?.namespace ?? "default";
  const services = serviceEnvironment(
    visibleServices(context.source.services(), namespace, pod.spec?.enableServiceLinks ?? true),
  );
  const own = new Map<string, string>();
  for (const { configMapRef, secretRef, prefix = "" } of container.envFrom ?? []) {
    for (const [key, value] of configMapRef === undefined
      ? secretEntries(context, namespace, secretRef)
      : configEntries(context, namespace, configMapRef)) {
      own.set(`${prefix}${key}`, value);
    }
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const lookup = (variable: string) => own.get(variable) ?? services.get(variable);
    const result =
      valueFrom === undefined ? expand(value ?? "", lookup) : sourceValue(pod, container, valueFrom, context);
    if (result !== undefined) own.set(name, result);
  }
  const result = new Map(Object.entries(imageEnv));
  for (const [name, value] of own) result.set(name, value);
  for (const [name, value] of services) if (!own.has(name)) result.set(name, value);
  return result;
}

/** The `kubernetes` service is known everywhere; the namespace's own unless the pod asks not to. */
function visibleServices(services: Iterable<Service>, namespace: string, links: boolean): Service[] {
  return [...services].filter(
    ({ metadata }) =>
      (metadata?.namespace === "default" && metadata.name === "kubernetes") ||
      (links && metadata?.namespace === namespace),
  );
}

interface OptionalReference {
  readonly name?: string;
  readonly optional?: boolean;
}

function configEntries(
  context: EnvironmentContext,
  namespace: string,
  reference: OptionalReference,
): [string, string][] {
  const map = context.source.configMap(namespace, reference.name ?? "");
  if (map === undefined && reference.optional !== true)
    throw new ConfigError(`configmap "${reference.name}" not found`);
  return Object.entries(map?.data ?? {});
}

function secretEntries(
  context: EnvironmentContext,
  namespace: string,
  reference: OptionalReference | undefined,
): [string, string][] {
  if (reference === undefined) return [];
  const secret = context.source.secret(namespace, reference.name ?? "");
  if (secret === undefined && reference.optional !== true)
    throw new ConfigError(`secret "${reference.name}" not found`);
  return Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]);
}

/** Undefined: an optional reference to nothing; the variable is left out. */
function sourceValue(
  pod: Pod,
  container: Container,
  from: EnvVarSource,
  context: EnvironmentContext,
): string | undefined {
  const namespace = pod.metadata?.namespace ?? "default";
  if (from.fieldRef !== undefined) return fieldValue(pod, from.fieldRef.fieldPath, context.facts);
  if (from.resourceFieldRef !== undefined) {
    const { containerName } = from.resourceFieldRef;
    const named =
      containerName === undefined || containerName === ""
        ? container
        : [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find(
            ({ name }) => name === containerName,
          );
    if (named === undefined) throw new ConfigError(`container ${containerName} not found`);
    return resourceValue(named, from.resourceFieldRef, context.allocatable);
  }
  if (from.configMapKeyRef !== undefined) {
    const { name, key, optional } = from.configMapKeyRef;
    const map = context.source.configMap(namespace, name ?? "");
    const value = map?.data?.[key];
    if (value !== undefined || optional === true) return value;
    throw new ConfigError(
      map === undefined
        ? `configmap "${name}" not found`
        : `couldn't find key ${key} in ConfigMap ${namespace}/${name}`,
    );
  }
  if (from.secretKeyRef !== undefined) {
    const { name, key, optional } = from.secretKeyRef;
    const secret = context.source.secret(namespace, name ?? "");
    const value = secret?.data?.[key];
    if (value !== undefined) return Buffer.from(value, "base64").toString();
    if (optional === true) return undefined;
    throw new ConfigError(
      secret === undefined ? `secret "${name}" not found` : `couldn't find key ${key} in Secret ${namespace}/${name}`,
    );
  }
  return "";
}

/** `command` replaces the image's entrypoint and its command with it; `args` replaces the image's command. */
export function containerArgv(
  container: Container,
  image: { readonly entrypoint: readonly string[]; readonly command: readonly string[] },
  environment: ReadonlyMap<string, string>,
): string[] {
  const lookup = (name: string) => environment.get(name);
  const command =
    container.command === undefined || container.command.length === 0
      ? undefined
      : container.command.map((part) => expand(part, lookup));
  const args =
    container.args === undefined || container.args.length === 0
      ? undefined
      : container.args.map((part) => expand(part, lookup));
  if (command !== undefined) return [...command, ...(args ?? [])];
  return [...image.entrypoint, ...(args ?? image.command)];
}
