// Names of ControllerRevisions, bit for bit: pkg/controller/history/controller_history.go (HashControllerRevision,
// ControllerRevisionName) and pkg/controller/statefulset/stateful_set_utils.go (getPatch) of Kubernetes.
import type { PodTemplateSpec } from "kubernetes-types/core/v1.d.ts";

/** What a revision stores: a strategic merge patch that puts the pod template back. */
export interface RevisionData {
  readonly spec: { readonly template: PodTemplateSpec & { readonly $patch: "replace" } };
}

/** A name leaves room for a dash and a hash of up to 29 characters in 253. */
const PREFIX_MAX = 223;
const SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

export function revisionData(template: PodTemplateSpec): RevisionData {
  // A Go struct writes its creationTimestamp even when it has none; the hash is over that text.
  const metadata = { ...template.metadata, creationTimestamp: null };
  return { spec: { template: { ...template, metadata, $patch: "replace" } } } as unknown as RevisionData;
}

/** The template that a revision stores. */
export function templateOf(data: unknown): PodTemplateSpec {
  const { $patch: _, ...template } = (data as RevisionData).spec.template;
  return template;
}

/** The JSON text whose bytes are hashed and compared: keys sorted, written as Go writes it. */
export function revisionText(data: unknown): string {
  return sortedJson(data).replace(
    /[<>&\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Value of the label `controller.kubernetes.io/hash`. */
export function revisionHash(text: string, collisionCount: number): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${text}${collisionCount}`)) {
    hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  }
  let safe = "";
  for (const digit of String(hash)) safe += SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length] ?? "";
  return safe;
}

export function revisionName(setName: string, hash: string): string {
  return `${setName.slice(0, PREFIX_MAX)}-${hash}`;
}

function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => sortedJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${sortedJson(field)}`).join(",")}}`;
}
