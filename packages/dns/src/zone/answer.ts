/**
 * From a question to the sections of its answer: Kubernetes DNS specification 1.1; where it leaves room, CoreDNS
 * (plugin/kubernetes/handler.go, reverse.go, ns.go and plugin/backend_lookup.go).
 */
import { addressKey, reverseAddress } from "./address.ts";
import { lookUp, type EntryVisitor, type Found, type PodRecords } from "./lookup.ts";
import type { Address } from "./objects.ts";
import { type RecordData, RecordType, ResponseCode, type ResourceRecord } from "./record.ts";
import type { Records } from "./records.ts";

/** The labels of the name as asked, left to right without the root, one character an octet; and the type's number. */
export interface Question {
  readonly labels: readonly string[];
  readonly type: number;
}

export type Answer =
  /** The name lies in no zone of ours. */
  | { readonly kind: "outside" }
  | {
      readonly kind: "inside";
      readonly code: ResponseCode;
      readonly authoritative: boolean;
      readonly answer: readonly ResourceRecord[];
      readonly authority: readonly ResourceRecord[];
      readonly additional: readonly ResourceRecord[];
      /** An alias leads out of the zone: whoever can should append the addresses of that name. */
      readonly unresolved: { readonly name: string; readonly type: number } | null;
      /** No such name in a reverse zone: another server may know whose address it is. */
      readonly mayAskElsewhere: boolean;
    };

export interface AnswerOptions {
  readonly zone: readonly string[];
  readonly reverseZones: readonly (readonly string[])[];
  readonly ttlSeconds: number;
  readonly pods: PodRecords;
  readonly ownAddress: Address | null;
  readonly synced: boolean;
  /** Serial of the SOA record. */
  readonly serial: number;
}

/** No message holds more: 65535 octets are used up by 4095 of the smallest records. */
const RECORDS_MAX = 4096;
const MESSAGE_BYTES_MAX = 65_535;
/** An SRV record of the question's own name beside its target, which is not compressed: 12 of the record, 6 of the data, 2 of the name's ends. */
const SERVICE_RECORD_BYTES = 20;
/** Aliases that may lie before the one being followed. */
const ALIASES_MAX = 10;
const SCHEMA_VERSION = "1.1.0";
const SCHEMA_TTL_SECONDS = 28_800;
const SOA_TTL_SECONDS_MAX = 300;

interface Context {
  readonly records: Records;
  readonly options: AnswerOptions;
  /** The zone of the name, spelled as in the question. */
  readonly zone: string;
  readonly reverse: boolean;
}

/** What one type of question came to: records, or the verdict that the name does not exist. */
interface Outcome {
  readonly missing?: boolean;
  readonly refused?: boolean;
  readonly answer?: readonly ResourceRecord[];
  readonly additional?: readonly ResourceRecord[];
  readonly unresolved?: { readonly name: string; readonly type: number } | null;
}

const NO_DATA: Outcome = {};
const NO_NAME: Outcome = { missing: true };

export function answerQuestion(records: Records, question: Question, options: AnswerOptions): Answer {
  const labels = question.labels.map((text) => text.toLowerCase());
  const zone = longestZone(labels, options);
  if (zone === null) return { kind: "outside" };
  const context: Context = {
    records,
    options,
    zone: question.labels.slice(labels.length - zone.length).join("."),
    reverse: zone !== options.zone,
  };
  const outcome = byType(context, question, labels, labels.slice(0, labels.length - zone.length));
  const answer = outcome.answer ?? [];
  const missing = outcome.missing === true;
  const refused = outcome.refused === true;
  return {
    kind: "inside",
    code: refused
      ? ResponseCode.REFUSED
      : !missing
        ? ResponseCode.NOERROR
        : options.synced
          ? ResponseCode.NXDOMAIN
          : ResponseCode.SERVFAIL,
    authoritative: !refused,
    answer,
    authority: answer.length > 0 || refused ? [] : [startOfAuthority(context)],
    additional: outcome.additional ?? [],
    unresolved: outcome.unresolved ?? null,
    mayAskElsewhere: missing && context.reverse,
  };
}

function byType(context: Context, question: Question, labels: readonly string[], base: readonly string[]): Outcome {
  const isOwnName = base.length === 2 && base[0] === "ns" && base[1] === "dns";
  switch (question.type) {
    case RecordType.A:
    case RecordType.AAAA:
      if (isOwnName)
        return { answer: ownAddresses(context, question.type).map((address) => addressRecord(context, null, address)) };
      return addresses(context, base, question.type, { owner: null, ownName: labels.join("."), aliases: [] });
    case RecordType.TXT:
      return text(context, base);
    case RecordType.SRV:
      return isOwnName ? NO_DATA : services(context, find(context, base));
    case RecordType.CNAME:
      return isOwnName ? NO_DATA : alias(context, find(context, base));
    case RecordType.PTR:
      return pointers(context, labels, base);
    case RecordType.SOA:
      return base.length === 0 ? { answer: [startOfAuthority(context)] } : NO_DATA;
    case RecordType.NS:
      if (base.length === 0) return nameServers(context);
      break;
    case RecordType.AXFR:
    case RecordType.IXFR:
      return { refused: true };
  }
  return isOwnName || find(context, base).kind !== "missing" ? NO_DATA : NO_NAME;
}

interface AliasTrail {
  /** Owner of the records found next; null for the question's own name. */
  readonly owner: string | null;
  readonly ownName: string;
  readonly aliases: readonly ResourceRecord[];
}

function addresses(context: Context, base: readonly string[], type: number, trail: AliasTrail): Outcome {
  const found = find(context, base);
  if (found.kind === "missing") return NO_NAME;
  if (found.kind === "external") return follow(context, found.target, type, trail);
  const length = type === RecordType.A ? 4 : 16;
  const seen = new Set<string>();
  const answer: ResourceRecord[] = [];
  visitFound(found, (address) => {
    if (address.bytes.length === length && unseen(seen, address.key))
      answer.push(addressRecord(context, trail.owner, address));
    return answer.length < RECORDS_MAX;
  });
  return { answer };
}

/** An alias whose target has no such record in the zone is not shown at all; one that leads outside always is. */
function follow(context: Context, target: string, type: number, trail: AliasTrail): Outcome {
  const folded = target.toLowerCase();
  if (folded === trail.ownName || folded.endsWith(`.${trail.ownName}`) || trail.aliases.length > ALIASES_MAX)
    return NO_DATA;
  const record = nameRecord(context, trail.owner, RecordType.CNAME, target);
  if (
    trail.aliases.some(
      (earlier) => earlier.owner === record.owner && earlier.data.kind === "name" && earlier.data.target === target,
    )
  )
    return NO_DATA;
  const zone = context.options.zone;
  const labels = folded.split(".");
  if (!endsWith(labels, zone)) return { answer: [record], unresolved: { name: target, type } };
  const base = labels.slice(0, labels.length - zone.length);
  const next = addresses(context, base, type, { owner: target, ownName: folded, aliases: [...trail.aliases, record] });
  if (next.answer === undefined || next.answer.length === 0) return NO_DATA;
  return { answer: [record, ...next.answer], unresolved: next.unresolved ?? null };
}

/** The schema's version; at every other name that exists only by being part of others, TXT is answered as if it did not. */
function text(context: Context, base: readonly string[]): Outcome {
  if (base.length === 1 && base[0] === "dns-version") {
    return { answer: [{ owner: null, ttlSeconds: SCHEMA_TTL_SECONDS, data: { kind: "text", text: SCHEMA_VERSION } }] };
  }
  const kind = find(context, base).kind;
  return kind === "missing" || kind === "empty" ? NO_NAME : NO_DATA;
}

function services(context: Context, found: Found): Outcome {
  if (found.kind === "missing") return NO_NAME;
  if (found.kind !== "service") return NO_DATA;
  // Shares are of all entries, before those that differ only in their address are merged into one record.
  let entries = 0;
  found.visitEntries(() => {
    entries++;
    return true;
  });
  const weight = Math.max(1, Math.floor((100 / (100 * entries)) * 100));
  const { name, namespace } = found.service;
  const serviceName = `${name}.${namespace}.svc.${context.zone}`;
  const seen = new Set<string>();
  const answer: ResourceRecord[] = [];
  const additional: ResourceRecord[] = [];
  let octets = 0;
  found.visitEntries((address, port, hostname) => {
    if (port === null) return true;
    const target = hostname === null ? serviceName : `${hostname}.${serviceName}`;
    if (unseen(seen, `${port} ${target}`)) {
      const data: RecordData = { kind: "service", priority: 0, weight, port, target };
      answer.push({ owner: null, ttlSeconds: context.options.ttlSeconds, data });
      octets += SERVICE_RECORD_BYTES + target.length;
    }
    if (unseen(seen, `${address.key} ${target}`)) additional.push(addressRecord(context, target, address));
    return octets <= MESSAGE_BYTES_MAX && additional.length < RECORDS_MAX;
  });
  return { answer, additional };
}

function alias(context: Context, found: Found): Outcome {
  if (found.kind === "missing") return NO_NAME;
  return found.kind === "external" ? { answer: [nameRecord(context, null, RecordType.CNAME, found.target)] } : NO_DATA;
}

/** A ClusterIP is its service, the first one if several claim it; a ready endpoint is itself under each of its services. */
function pointers(context: Context, labels: readonly string[], base: readonly string[]): Outcome {
  const bytes = context.reverse ? reverseAddress(labels) : null;
  if (bytes === null) return find(context, base).kind === "missing" ? NO_NAME : NO_DATA;
  const key = addressKey(bytes);
  const { records, options } = context;
  const zone = options.zone.join(".");
  for (const owner of records.clusterAddresses.get(key) ?? []) {
    const service = records.services.get(owner);
    if (service !== undefined)
      return {
        answer: [nameRecord(context, null, RecordType.PTR, `${service.name}.${service.namespace}.svc.${zone}`)],
      };
  }
  const targets = new Set<string>();
  for (const slice of records.endpointAddresses.get(key) ?? []) {
    for (const endpoint of slice.endpoints) {
      if (endpoint.key === key && targets.size < RECORDS_MAX)
        targets.add(`${endpoint.hostname}.${slice.service}.${slice.namespace}.svc.${zone}`);
    }
  }
  return targets.size === 0
    ? NO_NAME
    : { answer: [...targets].map((target) => nameRecord(context, null, RecordType.PTR, target)) };
}

/** The service of the DNS server's own address if there is one, else a name made up for it. */
function nameServers(context: Context): Outcome {
  const { records, options, zone } = context;
  const own = options.ownAddress;
  if (own === null) return NO_DATA;
  const [owner] = records.clusterAddresses.get(own.key) ?? [];
  const service = owner === undefined ? undefined : records.services.get(owner);
  const name = service === undefined ? `ns.dns.${zone}` : `${service.name}.${service.namespace}.svc.${zone}`;
  return {
    answer: [nameRecord(context, null, RecordType.NS, name)],
    additional: (service?.addresses ?? [own]).map((address) => addressRecord(context, name, address)),
  };
}

function ownAddresses(context: Context, type: number): readonly Address[] {
  const { records, options } = context;
  const own = options.ownAddress;
  if (own === null) return [];
  const [owner] = records.clusterAddresses.get(own.key) ?? [];
  const all = (owner === undefined ? undefined : records.services.get(owner)?.addresses) ?? [own];
  return all.filter((address) => address.bytes.length === (type === RecordType.A ? 4 : 16));
}

function startOfAuthority(context: Context): ResourceRecord {
  const { ttlSeconds, serial } = context.options;
  const data: RecordData = {
    kind: "authority",
    primary: `ns.dns.${context.zone}`,
    mailbox: `hostmaster.${context.zone}`,
    serial,
    refreshSeconds: 7200,
    retrySeconds: 1800,
    expireSeconds: 86_400,
    minimumSeconds: ttlSeconds,
  };
  return { owner: context.zone, ttlSeconds: Math.min(ttlSeconds, SOA_TTL_SECONDS_MAX), data };
}

function find(context: Context, base: readonly string[]): Found {
  return lookUp(context.records, base, { reverse: context.reverse, pods: context.options.pods });
}

function visitFound(found: Found, visit: EntryVisitor): void {
  if (found.kind === "service") found.visitEntries(visit);
  else if (found.kind === "pod") visit(found.address, null, null);
}

function addressRecord(context: Context, owner: string | null, address: Address): ResourceRecord {
  return { owner, ttlSeconds: context.options.ttlSeconds, data: { kind: "address", bytes: address.bytes } };
}

function nameRecord(context: Context, owner: string | null, type: 2 | 5 | 12, target: string): ResourceRecord {
  return { owner, ttlSeconds: context.options.ttlSeconds, data: { kind: "name", type, target } };
}

function longestZone(labels: readonly string[], options: AnswerOptions): readonly string[] | null {
  let longest: readonly string[] | null = null;
  for (const zone of [options.zone, ...options.reverseZones]) {
    if (endsWith(labels, zone) && (longest === null || zone.length > longest.length)) longest = zone;
  }
  return longest;
}

function endsWith(labels: readonly string[], zone: readonly string[]): boolean {
  const offset = labels.length - zone.length;
  return offset >= 0 && zone.every((text, index) => labels[offset + index] === text);
}

function unseen(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}
