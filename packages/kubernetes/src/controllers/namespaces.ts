// What a namespace has from its start and how it ends: pkg/controller/namespace/deletion,
// pkg/controller/serviceaccount/serviceaccounts_controller.go and
// pkg/controller/certificates/rootcacertpublisher of Kubernetes.
import type { Change, Controller } from "./controller.ts";
import { resourceName, type CollectedKind } from "./garbage-collector.ts";
import { NOTHING, type Action, type Plan } from "./plan.ts";
import type { View } from "./view.ts";

const CA_CONFIG_MAP = "kube-root-ca.crt";
const CA_DESCRIPTION =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";
const FINALIZER = "kubernetes";

/** Empties a namespace that is being deleted, then lets it go. */
export function namespaceController(kinds: readonly CollectedKind[]): Controller {
  const contents = kinds.filter((kind) => kind.namespaced).map(resourceName);
  return {
    name: "namespace-controller",
    watches: ["namespaces", ...contents],
    keysOf(change: Change, view: View): string[] {
      const object = change.next ?? change.old;
      if (object === undefined) return [];
      if (change.resource === "namespaces")
        return change.next?.metadata.deletionTimestamp === undefined ? [] : [object.metadata.name];
      const { namespace = "" } = object.metadata;
      return view.get("namespaces", "", namespace)?.metadata.deletionTimestamp === undefined ? [] : [namespace];
    },
    reconcile(view: View, key: string): Plan {
      const namespace = view.get("namespaces", "", key);
      if (namespace?.metadata.deletionTimestamp === undefined) return NOTHING;
      const left = contents.flatMap((resource) => view.all(resource, key).map((object) => ({ resource, object })));
      if (left.length === 0) {
        const finalizers: readonly string[] = namespace.spec?.finalizers ?? [];
        if (!finalizers.includes(FINALIZER)) return NOTHING;
        const patch = {
          metadata: { uid: namespace.metadata.uid },
          spec: { finalizers: finalizers.filter((name) => name !== FINALIZER) },
        };
        return {
          steps: [
            {
              kind: "patch",
              resource: "namespaces",
              namespace: "",
              name: key,
              patch,
              subresource: "finalize",
              absentIsFine: true,
            },
          ],
        };
      }
      const lanes = left
        .filter(({ object }) => object.metadata.deletionTimestamp === undefined)
        .map(({ resource, object }): Action[] => {
          const { name, uid } = object.metadata;
          return [{ kind: "delete", resource, namespace: key, name, uid, propagationPolicy: "Background" }];
        });
      return lanes.length > 0 ? { steps: [{ kind: "slowStart", lanes }] } : NOTHING;
    },
  };
}

/** Every namespace has a ServiceAccount `default`. */
export const serviceAccountController: Controller = {
  name: "serviceaccount-controller",
  watches: ["namespaces", "serviceaccounts"],
  keysOf: (change) => namespacesToFill(change, "serviceaccounts", "default"),
  reconcile(view: View, key: string): Plan {
    if (!isActive(view, key) || view.get("serviceaccounts", key, "default") !== undefined) return NOTHING;
    const object = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: key } };
    return { steps: [{ kind: "create", resource: "serviceaccounts", object, existsIsFine: true }] };
  },
};

/** Every namespace has the certificate of the API server's authority in a ConfigMap; `ca` is PEM. */
export function rootCaPublisher(ca: string): Controller {
  return {
    name: "root-ca-certificate-publisher-controller",
    watches: ["namespaces", "configmaps"],
    keysOf: (change) => namespacesToFill(change, "configmaps", CA_CONFIG_MAP),
    reconcile(view: View, key: string): Plan {
      if (!isActive(view, key)) return NOTHING;
      const present = view.get("configmaps", key, CA_CONFIG_MAP);
      const data = { "ca.crt": ca };
      if (present === undefined) {
        const metadata = {
          name: CA_CONFIG_MAP,
          namespace: key,
          annotations: { "kubernetes.io/description": CA_DESCRIPTION },
        };
        const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
        return { steps: [{ kind: "create", resource: "configmaps", object, existsIsFine: true }] };
      }
      if (present.data?.["ca.crt"] === ca && Object.keys(present.data).length === 1) return NOTHING;
      return { steps: [{ kind: "update", resource: "configmaps", object: { ...present, data } }] };
    },
  };
}

function namespacesToFill(change: Change, resource: string, name: string): string[] {
  const object = change.next ?? change.old;
  if (object === undefined) return [];
  if (change.resource === "namespaces") return [object.metadata.name];
  return change.resource === resource && object.metadata.name === name ? [object.metadata.namespace ?? ""] : [];
}

function isActive(view: View, name: string): boolean {
  const namespace = view.get("namespaces", "", name);
  return (
    namespace !== undefined &&
    namespace.metadata.deletionTimestamp === undefined &&
    namespace.status?.phase !== "Terminating"
  );
}
