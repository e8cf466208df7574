// Which pods stand behind a service, and at which ports: staging/src/k8s.io/endpointslice/utils.go and
// pkg/api/v1/pod/util.go (FindPort) of Kubernetes.
import type { ServicePort } from "kubernetes-types/core/v1.d.ts";

import type { Change } from "../controller.ts";
import { matchesLabels } from "../../kinds/label-selector.ts";
import { keyOf, type StoredPod, type StoredService, type View } from "../view.ts";

export const HEADLESS_LABEL = "service.kubernetes.io/headless";
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
export function hostnameIn(service: StoredService, pod: StoredPod): string | undefined {
  const hostname = pod.spec?.hostname ?? "";
  return hostname !== "" && pod.spec?.subdomain === service.metadata.name ? hostname : undefined;
}

/** The pod's port that the service's port leads to; undefined when the pod has no port of that name. */
export function targetPort(port: ServicePort, pod: StoredPod): number | undefined {
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
