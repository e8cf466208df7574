// The service `kubernetes`, by which pods find the API: pkg/controlplane/controller/kubernetesservice of Kubernetes.
import type { Controller } from "./controller.ts";
import { NOTHING, type Plan } from "./plan.ts";
import type { View } from "./view.ts";

export interface ApiAddress {
  readonly clusterIP: string;
  /** Port on which the API server itself listens. */
  readonly targetPort: number;
}

const NAMESPACE = "default";
const NAME = "kubernetes";

/** Its endpoints are the API server's own business, so it has no selector. */
export function apiService({ clusterIP, targetPort }: ApiAddress): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: NAME, namespace: NAMESPACE, labels: { component: "apiserver", provider: "kubernetes" } },
    spec: {
      type: "ClusterIP",
      clusterIP,
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort }],
    },
  };
}

/** Makes the service again after somebody deleted it, as `kubectl delete services --all` does. */
export function apiServiceController(address: ApiAddress): Controller {
  return {
    name: "kubernetes-service-controller",
    watches: ["services"],
    keysOf(change) {
      const { namespace, name } = (change.next ?? change.old)?.metadata ?? {};
      return namespace === NAMESPACE && name === NAME ? [NAME] : [];
    },
    reconcile(view: View): Plan {
      if (view.get("services", NAMESPACE, NAME) !== undefined) return NOTHING;
      return { steps: [{ kind: "create", resource: "services", object: apiService(address), existsIsFine: true }] };
    },
  };
}
