/** The pods that manifests speak of: those they list, and those that their StatefulSets would have. */
import { type Fields, fieldsOf, listOf } from "../zone/json.ts";
import type { ManifestObject } from "./parse.ts";

export interface ManifestPod {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Fields;
  readonly hostname: string | undefined;
  readonly subdomain: string | undefined;
  /** From the pod's status; empty if it has none. */
  readonly addresses: readonly string[];
  readonly ready: boolean;
  /** Named container ports: what a service's `targetPort: web` stands for. */
  readonly namedPorts: ReadonlyMap<string, number>;
}

/** A pod that is listed stands for the one of the same name that a StatefulSet would have. Finished pods are left out. */
export function podsOf(objects: readonly ManifestObject[]): ManifestPod[] {
  const pods = new Map<string, ManifestPod>();
  const add = (pod: ManifestPod) => pods.set(`${pod.namespace}/${pod.name}`, pod);
  for (const object of objects) {
    if (object.kind === "StatefulSet") for (const pod of statefulSetPods(object)) add(pod);
  }
  for (const object of objects) {
    if (object.kind !== "Pod") continue;
    const pod = listedPod(object);
    if (pod === null) pods.delete(`${object.metadata.namespace ?? "default"}/${object.metadata.name}`);
    else add(pod);
  }
  return [...pods.values()];
}

function listedPod(object: ManifestObject): ManifestPod | null {
  const spec = fieldsOf(object["spec"]);
  const status = fieldsOf(object["status"]);
  if (status["phase"] === "Succeeded" || status["phase"] === "Failed") return null;
  const listed = listOf(status["podIPs"]).map((entry) => fieldsOf(entry)["ip"]);
  const addresses = (listed.length > 0 ? listed : [status["podIP"]]).filter(
    (ip) => typeof ip === "string" && ip !== "",
  );
  const ready = listOf(status["conditions"])
    .map(fieldsOf)
    .find((condition) => condition["type"] === "Ready");
  const terminating = fieldsOf(object.metadata)["deletionTimestamp"] !== undefined;
  return {
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? "default",
    labels: fieldsOf(object.metadata.labels),
    hostname: text(spec["hostname"]),
    subdomain: text(spec["subdomain"]),
    addresses: addresses as string[],
    // A pod that somebody wrote down with an address and without conditions is meant to be there.
    ready: !terminating && (ready === undefined || ready["status"] === "True"),
    namedPorts: namedPorts(spec),
  };
}

function statefulSetPods(object: ManifestObject): ManifestPod[] {
  const spec = fieldsOf(object["spec"]);
  const template = fieldsOf(spec["template"]);
  const start = Number(fieldsOf(spec["ordinals"])["start"] ?? 0);
  const pods: ManifestPod[] = [];
  for (let ordinal = start; ordinal < start + Number(spec["replicas"] ?? 1); ordinal++) {
    const name = `${object.metadata.name}-${ordinal}`;
    pods.push({
      name,
      namespace: object.metadata.namespace ?? "default",
      labels: { ...fieldsOf(fieldsOf(template["metadata"])["labels"]), "statefulset.kubernetes.io/pod-name": name },
      hostname: name,
      subdomain: text(spec["serviceName"]),
      addresses: [],
      ready: true,
      namedPorts: namedPorts(fieldsOf(template["spec"])),
    });
  }
  return pods;
}

function namedPorts(podSpec: Fields): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  for (const container of listOf(podSpec["containers"])) {
    for (const port of listOf(fieldsOf(container)["ports"]).map(fieldsOf)) {
      if (typeof port["name"] === "string" && typeof port["containerPort"] === "number")
        ports.set(port["name"], port["containerPort"]);
    }
  }
  return ports;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
