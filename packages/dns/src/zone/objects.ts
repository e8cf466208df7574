/**
 * What the zone keeps of an object of the API: only what an answer depends on, with addresses as bytes. Objects arrive
 * from the API or from hand-written files, so nothing about their shape is trusted; a part that is unusable is left out.
 */
import { addressBytes, addressKey } from "./address.ts";
import { fieldsOf, listOf } from "./json.ts";

export type ZoneKind = "Namespace" | "Service" | "EndpointSlice" | "Pod";

/** Any object of the API: decoded JSON. */
export interface ZoneObject {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: unknown;
  };
  readonly [field: string]: unknown;
}

export interface Address {
  readonly bytes: Uint8Array;
  readonly key: string;
}

export interface Port {
  readonly name: string;
  readonly protocol: string;
  /** null for the entry that stands in where no port is declared: the addresses exist, but there is nothing for SRV to say. */
  readonly number: number | null;
}

export interface Service {
  readonly name: string;
  readonly namespace: string;
  readonly kind: "cluster" | "headless" | "external";
  readonly addresses: readonly Address[];
  readonly ports: readonly Port[];
  /** Target of an ExternalName service; null if there is none or if it is an address, which a CNAME cannot name. */
  readonly externalName: string | null;
}

export interface Endpoint extends Address {
  /** The pod's hostname if it has one under this service, else its address with dashes. */
  readonly hostname: string;
  /** The hostname in lower case, as questions are matched. */
  readonly hostnameFolded: string;
}

export interface Slice {
  readonly service: string;
  readonly namespace: string;
  /** The ready ones only. */
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly Port[];
}

export interface Pod {
  readonly namespace: string;
  readonly addresses: readonly Address[];
}

export function readService(object: ZoneObject): Service | null {
  const name = label(object.metadata?.name);
  const namespace = namespaceOf(object);
  if (name === null || namespace === null) return null;
  const spec = fieldsOf(object["spec"]);
  const clusterIps = listOf(spec["clusterIPs"]).length > 0 ? listOf(spec["clusterIPs"]) : [spec["clusterIP"]];
  const external = spec["type"] === "ExternalName";
  return {
    name,
    namespace,
    kind: external ? "external" : clusterIps[0] === "None" ? "headless" : "cluster",
    addresses: external ? [] : clusterIps.flatMap(toAddress),
    ports: toPorts(spec["ports"]),
    externalName: external ? domainName(spec["externalName"]) : null,
  };
}

export function readSlice(object: ZoneObject): Slice | null {
  const namespace = namespaceOf(object);
  const service = label(fieldsOf(fieldsOf(object.metadata)["labels"])["kubernetes.io/service-name"]);
  if (service === null || namespace === null) return null;
  const endpoints: Endpoint[] = [];
  for (const entry of listOf(object["endpoints"])) {
    const endpoint = fieldsOf(entry);
    // An unset condition means unknown, and unknown counts as ready.
    if (fieldsOf(endpoint["conditions"])["ready"] === false) continue;
    const given = label(endpoint["hostname"]);
    for (const text of listOf(endpoint["addresses"])) {
      const hostname = given ?? dashed(String(text));
      for (const address of toAddress(text))
        endpoints.push({ ...address, hostname, hostnameFolded: hostname.toLowerCase() });
    }
  }
  return { service, namespace, endpoints, ports: toPorts(object["ports"]) };
}

export function readPod(object: ZoneObject): Pod | null {
  const namespace = namespaceOf(object);
  if (namespace === null || fieldsOf(object.metadata)["deletionTimestamp"] !== undefined) return null;
  const status = fieldsOf(object["status"]);
  const texts = new Set([status["podIP"], ...listOf(status["podIPs"]).map((entry) => fieldsOf(entry)["ip"])]);
  return { namespace, addresses: [...texts].flatMap(toAddress) };
}

/** A name that fits one label of a domain name; null for anything else. */
export function label(value: unknown): string | null {
  return typeof value === "string" && /^[\x21-\x2d\x2f-\x7e]{1,63}$/.test(value) ? value : null;
}

/** A dotted name whose labels and whole length are within RFC 1035's limits and which is no address, without its final dot. */
export function domainName(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const name = value.endsWith(".") ? value.slice(0, -1) : value;
  if (name.length > 253 || addressBytes(name) !== null) return null;
  return name.split(".").every((part) => label(part) !== null) ? name : null;
}

function namespaceOf(object: ZoneObject): string | null {
  return label(object.metadata?.namespace ?? "default");
}

/** `10.1.2.3` is `10-1-2-3`; `fd00::` is `fd00--0`, because a label cannot end in a dash. */
function dashed(text: string): string {
  const name = text.replaceAll(/[.:]/g, "-");
  return name.endsWith("-") ? `${name}0` : name;
}

function toAddress(value: unknown): Address[] {
  const bytes = typeof value === "string" ? addressBytes(value) : null;
  return bytes === null ? [] : [{ bytes, key: addressKey(bytes) }];
}

function toPorts(value: unknown): Port[] {
  const ports = listOf(value).map((entry) => {
    const port = fieldsOf(entry);
    const number = port["port"];
    return {
      name: typeof port["name"] === "string" ? port["name"].toLowerCase() : "",
      protocol: typeof port["protocol"] === "string" ? port["protocol"].toLowerCase() : "tcp",
      number: typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= 65_535 ? number : null,
    };
  });
  return ports.length > 0 ? ports : [{ name: "", protocol: "", number: null }];
}
