/**
 * Which objects a name of the cluster's zone stands for: Kubernetes DNS specification 1.1, sections 2.3 to 2.5, where
 * the specification leaves room as CoreDNS reads it (plugin/kubernetes: parse.go, kubernetes.go).
 */
import { addressBytes, addressKey } from "./address.ts";
import type { Address, Service } from "./objects.ts";
import { type Records, serviceKey } from "./records.ts";

/** How `a-b-c-d.<namespace>.pod.<zone>` is answered: never; for any address; for the addresses of that namespace's pods. */
export type PodRecords = "disabled" | "insecure" | "verified";

/**
 * Told one entry at a time: an address, the port it is reached at (null: no port declared), and the endpoint's hostname
 * (null: the service itself). Returns whether it wants more.
 */
export type EntryVisitor = (address: Address, port: number | null, hostname: string | null) => boolean;

export type Found =
  /** Nothing of that name. */
  | { readonly kind: "missing" }
  /** The name exists only as part of longer ones. */
  | { readonly kind: "empty" }
  | { readonly kind: "external"; readonly target: string }
  | { readonly kind: "pod"; readonly address: Address }
  | { readonly kind: "service"; readonly service: Service; readonly visitEntries: (visit: EntryVisitor) => void };

const MISSING: Found = { kind: "missing" };
const EMPTY: Found = { kind: "empty" };

/** `base` holds the labels left of the zone, in lower case. A reverse zone has the empty names but no services of its own. */
export function lookUp(
  records: Records,
  base: readonly string[],
  options: { readonly reverse: boolean; readonly pods: PodRecords },
): Found {
  const subtree = base.at(-1);
  if (subtree === undefined) return EMPTY;
  if (subtree !== "svc" && subtree !== "pod") return MISSING;
  if (base.length === 1) return EMPTY;
  if (options.reverse || base.length > 5) return MISSING;
  const namespace = base.at(-2) ?? "";
  if (!records.namespaces.has(namespace)) return MISSING;
  const name = base.at(-3);
  if (subtree === "pod") return lookUpPod(records, namespace, name, options.pods);
  return name === undefined ? EMPTY : lookUpService(records, serviceKey(name, namespace), base.slice(0, -3));
}

/** `prefix` is what stands left of the service: nothing, an endpoint's hostname, or a port and a protocol. */
function lookUpService(records: Records, key: string, prefix: readonly string[]): Found {
  const service = records.services.get(key);
  if (service === undefined) return MISSING;
  if (service.kind === "external") {
    return prefix.length === 0 && service.externalName !== null
      ? { kind: "external", target: service.externalName }
      : MISSING;
  }
  const hostname = prefix.length === 1 ? prefix[0] : undefined;
  // The underscores are optional, and an empty word fits every port.
  const portName = prefix.length === 2 ? withoutUnderscore(prefix[0] ?? "") : "";
  const protocol = prefix.length === 2 ? withoutUnderscore(prefix[1] ?? "") : "";
  const fits = (port: { readonly name: string; readonly protocol: string }) =>
    (portName === "" || port.name === portName) && (protocol === "" || port.protocol === protocol);

  const visitEntries = (visit: EntryVisitor) => {
    if (service.kind === "cluster" && hostname === undefined) {
      for (const port of service.ports) {
        if (!fits(port)) continue;
        for (const address of service.addresses) if (!visit(address, port.number, null)) return;
      }
      return;
    }
    for (const slice of records.slices.get(key)?.values() ?? []) {
      const ports = slice.ports.filter(fits);
      for (const endpoint of slice.endpoints) {
        if (hostname !== undefined && endpoint.hostnameFolded !== hostname) continue;
        for (const port of ports) if (!visit(endpoint, port.number, endpoint.hostname)) return;
      }
    }
  };
  // A cluster service exists by its ports alone; anything else exists by having at least one ready endpoint.
  let exists = service.kind === "cluster" && hostname === undefined && service.ports.some(fits);
  if (!exists) {
    visitEntries(() => {
      exists = true;
      return false;
    });
  }
  return exists ? { kind: "service", service, visitEntries } : MISSING;
}

function lookUpPod(records: Records, namespace: string, name: string | undefined, mode: PodRecords): Found {
  if (mode === "disabled") return MISSING;
  if (name === undefined) return EMPTY;
  const isIpv4 = !name.includes("--") && name.split("-").length === 4;
  const bytes = addressBytes(name.replaceAll("-", isIpv4 ? "." : ":"));
  if (bytes === null) return MISSING;
  const address = { bytes, key: addressKey(bytes) };
  if (mode === "verified") {
    const pods = [...(records.podAddresses.get(address.key) ?? [])];
    if (!pods.some((pod) => pod.namespace.toLowerCase() === namespace)) return MISSING;
  }
  return { kind: "pod", address };
}

function withoutUnderscore(word: string): string {
  return word.startsWith("_") ? word.slice(1) : word;
}
