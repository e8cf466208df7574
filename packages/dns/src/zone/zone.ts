import { addressBytes, addressKey } from "./address.ts";
/** The zone: objects go in one at a time, and every question is answered from what is there at that moment. */
import { type Answer, answerQuestion, type Question } from "./answer.ts";
import type { PodRecords } from "./lookup.ts";
import {
  type Address,
  domainName,
  label,
  type Pod,
  readPod,
  readService,
  readSlice,
  type Slice,
  type ZoneKind,
  type ZoneObject,
} from "./objects.ts";
import { addToIndex, Records, removeFromIndex, serviceKey } from "./records.ts";

export interface ZoneOptions {
  /** The cluster's domain, at most 57 characters so that every name below it fits. Default `cluster.local`. */
  readonly zone?: string;
  /** Seconds that a client may keep an answer, 0 to 3600. Default 5; more means fewer questions and staler addresses. */
  readonly ttlSeconds?: number;
  /** The address under which the pods know this server: named in NS and at `ns.dns.<zone>`. Without it those have no records. */
  readonly dnsServiceAddress?: string;
  /** Zones of the reverse tree that are answered. Default `in-addr.arpa` and `ip6.arpa`: all of it. */
  readonly reverseZones?: readonly string[];
  /** Default `disabled`. */
  readonly pods?: PodRecords;
}

export interface Zone {
  /** The cluster's domain, without the final dot. */
  readonly name: string;
  /** Number of changes so far: answers computed at the same version are the same. */
  readonly version: number;
  /** Adds the object or replaces the one of its kind, namespace and name. The next answer knows it. */
  upsert(kind: ZoneKind, object: ZoneObject): void;
  /** Removes the object of that kind, namespace and name; one that is not there is no error. */
  remove(kind: ZoneKind, object: ZoneObject): void;
  /** Says that everything there is has been upserted once. Until then a name that is not there is SERVFAIL, since it may exist. */
  synced(): void;
  /** Never throws; `serial` goes into the SOA record. */
  answer(question: Question, serial: number): Answer;
}

/** Throws a RangeError for an option out of its bounds. */
export function createZone(options: ZoneOptions = {}): Zone {
  const name = zoneName(options.zone ?? "cluster.local");
  if (name.length > 57) throw new RangeError(`zone ${name}: longer than 57 characters`);
  const ttlSeconds = options.ttlSeconds ?? 5;
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 0 || ttlSeconds > 3600)
    throw new RangeError(`ttlSeconds ${ttlSeconds}: must be 0 to 3600`);
  const settings = {
    zone: name.toLowerCase().split("."),
    reverseZones: (options.reverseZones ?? ["in-addr.arpa", "ip6.arpa"]).map((zone) =>
      zoneName(zone).toLowerCase().split("."),
    ),
    ttlSeconds,
    pods: options.pods ?? "disabled",
    ownAddress: options.dnsServiceAddress === undefined ? null : ownAddress(options.dnsServiceAddress),
  };
  const records = new Records();
  const pods = new Map<string, Pod>();
  const sliceServices = new Map<string, string>();
  let version = 0;
  let synced = false;

  const removeService = (object: ZoneObject) => {
    const key = objectKey(object);
    const service = records.services.get(key);
    if (service === undefined) return;
    records.services.delete(key);
    for (const address of service.addresses) removeFromIndex(records.clusterAddresses, address.key, key);
  };
  const removeSlice = (object: ZoneObject) => {
    const key = objectKey(object);
    const serviceOfSlice = sliceServices.get(key);
    if (serviceOfSlice === undefined) return;
    sliceServices.delete(key);
    const siblings = records.slices.get(serviceOfSlice);
    const slice = siblings?.get(key);
    siblings?.delete(key);
    if (siblings?.size === 0) records.slices.delete(serviceOfSlice);
    for (const endpoint of slice?.endpoints ?? [])
      removeFromIndex(records.endpointAddresses, endpoint.key, slice as Slice);
  };
  const removePod = (object: ZoneObject) => {
    const key = objectKey(object);
    const pod = pods.get(key);
    if (pod === undefined) return;
    pods.delete(key);
    for (const address of pod.addresses) removeFromIndex(records.podAddresses, address.key, pod);
  };
  const remove = (kind: ZoneKind, object: ZoneObject) => {
    version++;
    switch (kind) {
      case "Namespace":
        records.namespaces.delete((object.metadata?.name ?? "").toLowerCase());
        return;
      case "Service":
        return removeService(object);
      case "EndpointSlice":
        return removeSlice(object);
      case "Pod":
        return removePod(object);
    }
  };
  const add = (kind: ZoneKind, object: ZoneObject) => {
    const key = objectKey(object);
    if (kind === "Namespace") {
      const namespace = label(object.metadata?.name);
      if (namespace !== null) records.namespaces.add(namespace.toLowerCase());
    } else if (kind === "Service") {
      const service = readService(object);
      if (service === null) return;
      records.services.set(key, service);
      for (const address of service.addresses) addToIndex(records.clusterAddresses, address.key, key);
    } else if (kind === "EndpointSlice") {
      const slice = readSlice(object);
      if (slice === null) return;
      const serviceOfSlice = serviceKey(slice.service, slice.namespace);
      sliceServices.set(key, serviceOfSlice);
      const siblings = records.slices.get(serviceOfSlice) ?? new Map<string, Slice>();
      records.slices.set(serviceOfSlice, siblings.set(key, slice));
      for (const endpoint of slice.endpoints) addToIndex(records.endpointAddresses, endpoint.key, slice);
    } else {
      const pod = readPod(object);
      if (pod === null) return;
      pods.set(key, pod);
      for (const address of pod.addresses) addToIndex(records.podAddresses, address.key, pod);
    }
  };

  return {
    name,
    get version() {
      return version;
    },
    upsert(kind, object) {
      // What it said before must leave every index, whatever it says now.
      remove(kind, object);
      add(kind, object);
    },
    remove,
    synced() {
      synced = true;
      version++;
    },
    answer: (question, serial) => answerQuestion(records, question, { ...settings, synced, serial }),
  };
}

function objectKey(object: ZoneObject): string {
  return serviceKey(object.metadata?.name ?? "", object.metadata?.namespace ?? "default");
}

function zoneName(text: string): string {
  const name = domainName(text);
  if (name === null) throw new RangeError(`zone ${JSON.stringify(text)}: not a domain name`);
  return name;
}

function ownAddress(text: string): Address {
  const bytes = addressBytes(text);
  if (bytes === null) throw new RangeError(`address ${JSON.stringify(text)}: not an IP address`);
  return { bytes, key: addressKey(bytes) };
}
