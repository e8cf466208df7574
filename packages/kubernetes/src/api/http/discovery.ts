// What the server serves: aggregated discovery (apidiscovery.k8s.io/v2) and the older lists, both made of the kinds.
import { createHash } from "node:crypto";

import type { Kind } from "../../kinds/kind.ts";
import { groupVersion } from "../body.ts";
import { qualifiedResource } from "../refusals.ts";

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

type SubresourceName = Kind["subresources"][number];

/** A subresource as discovery lists it. Without `kind` it speaks the resource's own. */
interface SubresourceEntry {
  readonly verbs: readonly string[];
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
}

const SUBRESOURCES: Readonly<Record<SubresourceName, SubresourceEntry>> = {
  attach: { kind: "PodAttachOptions", verbs: ["create", "get"] },
  binding: { kind: "Binding", verbs: ["create"] },
  eviction: { group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] },
  exec: { kind: "PodExecOptions", verbs: ["create", "get"] },
  finalize: { verbs: ["update"] },
  log: { verbs: ["get"] },
  portforward: { kind: "PodPortForwardOptions", verbs: ["create", "get"] },
  scale: { group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] },
  status: { verbs: ["get", "patch", "update"] },
};

/** Resources without objects: reviews that are answered at once. */
export interface ReviewResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly singular: string;
}

export const REVIEWS: readonly ReviewResource[] = [
  review("authentication.k8s.io", "SelfSubjectReview"),
  review("authorization.k8s.io", "SelfSubjectAccessReview"),
  review("authorization.k8s.io", "SelfSubjectRulesReview"),
];

function review(group: string, kind: string): ReviewResource {
  const singular = kind.toLowerCase();
  return { group, version: "v1", resource: `${singular}s`, kind, singular };
}

/** In which order kubectl looks through the groups for a short name; others follow by name. */
const GROUP_ORDER = ["apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io"];

export class Discovery {
  readonly #kinds: readonly Kind[];

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds;
  }

  /** Groups with their versions, without the core group. */
  groups(): { readonly name: string; readonly versions: readonly string[] }[] {
    const versions = new Map<string, Set<string>>();
    for (const { group, version } of [...this.#kinds, ...REVIEWS]) {
      if (group === "") continue;
      const known = versions.get(group) ?? new Set();
      versions.set(group, known.add(version));
    }
    const rank = (name: string): number =>
      GROUP_ORDER.includes(name) ? GROUP_ORDER.indexOf(name) : GROUP_ORDER.length;
    return [...versions]
      .map(([name, known]) => ({ name, versions: [...known].sort() }))
      .sort((left, right) => rank(left.name) - rank(right.name) || (left.name < right.name ? -1 : 1));
  }

  groupVersions(): string[] {
    const all = this.groups().flatMap((group) => group.versions.map((version) => `${group.name}/${version}`));
    return this.#kinds.some((kind) => kind.group === "") ? ["v1", ...all] : all;
  }

  serves(group: string, version: string): boolean {
    return this.groupVersions().includes(group === "" ? version : `${group}/${version}`);
  }

  apiVersions(address: string): object {
    return {
      kind: "APIVersions",
      versions: ["v1"],
      serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }],
    };
  }

  apiGroupList(): object {
    return {
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: this.groups().map(({ name, versions }) => groupEntry(name, versions)),
    };
  }

  apiGroup(name: string): object | undefined {
    const group = this.groups().find((entry) => entry.name === name);
    return group && { kind: "APIGroup", apiVersion: "v1", ...groupEntry(name, group.versions) };
  }

  resourceList(group: string, version: string): object {
    const resources: object[] = [];
    for (const entry of this.#entries(group, version)) {
      if ("schema" in entry) resources.push(...resourceEntries(entry));
      else {
        const { resource, singular, kind } = entry;
        resources.push({ name: resource, singularName: singular, namespaced: false, kind, verbs: ["create"] });
      }
    }
    const own = group === "" ? {} : { apiVersion: "v1" };
    return { kind: "APIResourceList", ...own, groupVersion: group === "" ? version : `${group}/${version}`, resources };
  }

  /** For `/api` (core) or `/apis` (all other groups). */
  aggregated(core: boolean): object {
    const groups = core ? [{ name: "", versions: ["v1"] }] : this.groups();
    return {
      kind: "APIGroupDiscoveryList",
      apiVersion: "apidiscovery.k8s.io/v2",
      metadata: {},
      items: groups.map(({ name, versions }) => ({
        metadata: { ...(name !== "" && { name }), creationTimestamp: null },
        versions: versions.map((version) => ({
          version,
          resources: this.#entries(name, version).map(aggregatedEntry),
          freshness: "Current",
        })),
      })),
    };
  }

  #entries(group: string, version: string): (Kind | ReviewResource)[] {
    return [...this.#kinds, ...REVIEWS]
      .filter((entry) => entry.group === group && entry.version === version)
      .sort((left, right) => (left.resource < right.resource ? -1 : 1));
  }
}

function groupEntry(name: string, versions: readonly string[]): object {
  const entries = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: entries, preferredVersion: entries[0] };
}

function subresources(kind: Kind): (SubresourceEntry & { readonly name: SubresourceName })[] {
  return [...kind.subresources].sort().map((name) => ({ name, ...SUBRESOURCES[name] }));
}

function resourceEntries(kind: Kind): object[] {
  const { resource, singular, namespaced, shortNames, categories } = kind;
  return [
    {
      name: resource,
      singularName: singular,
      namespaced,
      kind: kind.kind,
      verbs: kind.verbs ?? VERBS,
      ...(shortNames && { shortNames }),
      ...(categories && { categories }),
      storageVersionHash: createHash("sha256")
        .update(`${groupVersion(kind)}/${qualifiedResource(kind)}`)
        .digest("base64")
        .slice(0, 12),
    },
    ...subresources(kind).map(({ name, group, version, kind: kindName = kind.kind, verbs }) => ({
      name: `${resource}/${name}`,
      singularName: "",
      namespaced,
      ...(group !== undefined && { group, version }),
      kind: kindName,
      verbs,
    })),
  ];
}

function aggregatedEntry(entry: Kind | ReviewResource): object {
  if (!("schema" in entry)) {
    const responseKind = { group: "", version: "", kind: entry.kind };
    return {
      resource: entry.resource,
      responseKind,
      scope: "Cluster",
      singularResource: entry.singular,
      verbs: ["create"],
    };
  }
  const { resource, singular, namespaced, shortNames, categories } = entry;
  const parts = subresources(entry);
  return {
    resource,
    responseKind: { group: "", version: "", kind: entry.kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: entry.verbs ?? VERBS,
    ...(shortNames && { shortNames }),
    ...(categories && { categories }),
    ...(parts.length > 0 && {
      subresources: parts.map(({ name, group = "", version = "", kind: kindName = entry.kind, verbs }) => ({
        subresource: name,
        responseKind: { group, version, kind: kindName },
        verbs,
      })),
    }),
  };
}
