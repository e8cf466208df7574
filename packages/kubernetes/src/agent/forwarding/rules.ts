/** Which addresses lead where: computed from services, their endpoint slices and pods, in the lab for its listeners and in the agent for its targets. */
import type { Pod, Service } from "kubernetes-types/core/v1.d.ts";
import type { EndpointSlice } from "kubernetes-types/discovery/v1.d.ts";

/** The API server, which is no pod: reached through the lab's own socket. */
export const API_BACKEND = "api";

export interface Backend {
  /** An IPv4 address, or `API_BACKEND`. */
  readonly address: string;
  readonly port: number;
}

export interface ForwardRule {
  /** `clusterIP/127.16.240.5:80`, `nodePort/30080`, `pod/127.16.0.10:80`: the same as long as the listener is. */
  readonly key: string;
  readonly kind: "pod" | "clusterIP" | "nodePort";
  /** Of the ClusterIP or the pod; of a node port the machine's 127.0.0.1. */
  readonly address: string;
  readonly port: number;
  /** `default/web-0` or `default/nginx:web`. */
  readonly target: string;
  readonly backends: readonly Backend[];
  /** Seconds that a client stays with its endpoint; undefined without `sessionAffinity: ClientIP`. */
  readonly affinitySeconds: number | undefined;
}

export interface RuleSources {
  readonly services: Iterable<Service>;
  readonly slices: Iterable<EndpointSlice>;
  readonly pods: Iterable<Pod>;
}

export interface RuleOptions {
  /** Listeners for the ports that ready pods declare: where pods have a network of their own. */
  readonly podPorts: boolean;
  /** The port on which a pod really listens: another one for privileged ports of plain processes. */
  podPort(port: number): number;
}

/** Only TCP; UDP to services is DNS alone, which the agent serves itself. By key. */
export function forwardRules(sources: RuleSources, options: RuleOptions): Map<string, ForwardRule> {
  const rules = new Map<string, ForwardRule>();
  const add = (rule: ForwardRule) => rules.set(rule.key, rule);
  const slices = slicesByService(sources.slices);
  for (const service of sources.services) serviceRules(service, slices, options).forEach(add);
  if (options.podPorts) for (const pod of sources.pods) podRules(pod).forEach(add);
  return rules;
}

function slicesByService(slices: Iterable<EndpointSlice>): Map<string, EndpointSlice[]> {
  const result = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const name = slice.metadata?.labels?.["kubernetes.io/service-name"];
    if (name === undefined || slice.addressType !== "IPv4") continue;
    const key = `${slice.metadata?.namespace}/${name}`;
    result.set(key, [...(result.get(key) ?? []), slice]);
  }
  return result;
}

function serviceRules(
  service: Service,
  slices: ReadonlyMap<string, readonly EndpointSlice[]>,
  options: RuleOptions,
): ForwardRule[] {
  const { metadata, spec } = service;
  const address = spec?.clusterIP;
  if (address === undefined || address === "" || address === "None" || spec?.type === "ExternalName") return [];
  const name = `${metadata?.namespace}/${metadata?.name}`;
  const affinitySeconds =
    spec?.sessionAffinity === "ClientIP" ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : undefined;
  const rules: ForwardRule[] = [];
  for (const { port, name: portName = "", protocol = "TCP", nodePort, targetPort } of spec?.ports ?? []) {
    if (protocol !== "TCP") continue;
    const isApi = name === "default/kubernetes";
    const backends = isApi
      ? [{ address: API_BACKEND, port: Number(targetPort ?? port) }]
      : readyBackends(slices.get(name) ?? [], portName, options);
    const target = portName === "" ? `${name}:${port}` : `${name}:${portName}`;
    const common = { port, target, backends, affinitySeconds };
    rules.push({ ...common, key: `clusterIP/${address}:${port}`, kind: "clusterIP", address });
    if (nodePort !== undefined && nodePort > 0)
      rules.push({ ...common, key: `nodePort/${nodePort}`, kind: "nodePort", address: "127.0.0.1", port: nodePort });
  }
  return rules;
}

function readyBackends(slices: readonly EndpointSlice[], portName: string, options: RuleOptions): Backend[] {
  const backends: Backend[] = [];
  for (const { endpoints, ports } of slices) {
    const port = (ports ?? []).find(
      ({ name, protocol }) => (name ?? "") === portName && (protocol ?? "TCP") === "TCP",
    )?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions } of endpoints) {
      const [address] = addresses;
      if (address !== undefined && conditions?.ready !== false) backends.push({ address, port: options.podPort(port) });
    }
  }
  return backends;
}

function podRules(pod: Pod): ForwardRule[] {
  const address = pod.status?.podIP;
  const ready = pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
  if (address === undefined || !ready) return [];
  const rules: ForwardRule[] = [];
  const seen = new Set<number>();
  for (const { ports } of pod.spec?.containers ?? []) {
    for (const { containerPort, protocol = "TCP" } of ports ?? []) {
      if (protocol !== "TCP" || seen.has(containerPort)) continue;
      seen.add(containerPort);
      const target = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
      rules.push({
        key: `pod/${address}:${containerPort}`,
        kind: "pod",
        address,
        port: containerPort,
        target,
        backends: [{ address, port: containerPort }],
        affinitySeconds: undefined,
      });
    }
  }
  return rules;
}
