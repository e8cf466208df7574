// Which pods stand behind a service, and at which ports: staging/src/k8s.io/endpointslice/utils.go and
// pkg/api/v1/pod/util.go (FindPort) of Kubernetes.
import type { ObjectReference, ServicePort } from "kubernetes-types/core/v1.d.ts";

import { matchesLabels } from "../../kinds/label-selector.ts";
import type { Change } from "../controller.ts";
import { keyOf, type StoredPod, type StoredService, type View } from "../view.ts";

const HEADLESS_LABEL = "service.kubernetes.io/headless";
export const LAST_CHANGE = "endpoints.kubernetes.io/last-change-trigger-time";

/** Has a selector, so its endpoints are kept by a controller and not by hand. */
export function isManaged(service: StoredService): boolean {
  return service.spec?.selector !== undefined && service.spec.type !== "ExternalName";
}

export function isHeadless(service: StoredService): boolean {
  return service.spec?.clusterIP === "None";
}

/** Pods that the service selects, that have an address and whose containers have not ended. */
export function podsOf(view: View, service: StoredService): StoredPod[] {
  const selector = service.spec?.selector ?? {};
  return view.list("pods", service.metadata.namespace).filter((pod) => {
    const phase = pod.status?.phase;
    return (
      phase !== "Failed" &&
      phase !== "Succeeded" &&
      (pod.status?.podIP ?? "") !== "" &&
      matchesLabels(selector, pod.metadata.labels)
    );
  });
}

export function isReady(pod: StoredPod): boolean {
  return (
    pod.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false
  );
}

/** The name under which DNS knows this pod in the service's domain. */
function hostnameIn(service: StoredService, pod: StoredPod): string | undefined {
  const hostname = pod.spec?.hostname ?? "";
  return hostname !== "" && pod.spec?.subdomain === service.metadata.name ? hostname : undefined;
}

/** What an endpoint says of its pod besides the address. */
export function endpointFacts(
  service: StoredService,
  pod: StoredPod,
): { hostname?: string; nodeName?: string; targetRef: ObjectReference } {
  const hostname = hostnameIn(service, pod);
  const nodeName = pod.spec?.nodeName;
  const { namespace, name, uid } = pod.metadata;
  return {
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: "Pod", ...(namespace === undefined ? {} : { namespace }), name, uid },
  };
}

/** The service's labels, with one that says whether it is headless now. */
export function endpointLabels(service: StoredService): Record<string, string> {
  const { [HEADLESS_LABEL]: _, ...own } = service.metadata.labels ?? {};
  return isHeadless(service) ? { ...own, [HEADLESS_LABEL]: "" } : own;
}

/** The service's ports as this pod has them; those that it does not have are left out. */
export function endpointPorts(
  service: StoredService,
  pod: StoredPod,
): { name: string; port: number; protocol: string; appProtocol?: string }[] {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    const { name = "", protocol = "TCP", appProtocol } = port;
    return [{ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

/** The pod's port that the service's port leads to; undefined when the pod has no port of that name. */
function targetPort(port: ServicePort, pod: StoredPod): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === "number") return target === 0 ? port.port : target;
  const protocol = port.protocol ?? "TCP";
  // Containers that only prepare the pod have ended by the time it serves; sidecars among them go on.
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const candidate of container.ports ?? []) {
      if (candidate.name === target && (candidate.protocol ?? "TCP") === protocol) return candidate.containerPort;
    }
  }
  return undefined;
}

/** When what the endpoints tell last changed, as far as the objects say. */
export function lastChange(service: StoredService, pods: readonly StoredPod[]): string {
  let last = service.metadata.creationTimestamp;
  for (const pod of pods) {
    const since = pod.status?.conditions?.find((condition) => condition.type === "Ready")?.lastTransitionTime;
    if (since !== undefined && Date.parse(since) > Date.parse(last)) last = since;
  }
  return last;
}

/** The services that a change of a pod, or of the service itself, concerns. */
export function servicesOf(change: Change, view: View): string[] {
  const object = change.next ?? change.old;
  if (object === undefined) return [];
  if (change.resource === "services") return [keyOf(object)];
  if (change.resource !== "pods") return [];
  const versions = [change.old, change.next].flatMap((version) => version ?? []);
  return view
    .list("services", object.metadata.namespace)
    .filter(
      (service) =>
        isManaged(service) &&
        versions.some((version) => matchesLabels(service.spec?.selector ?? {}, version.metadata.labels)),
    )
    .map(keyOf);
}
