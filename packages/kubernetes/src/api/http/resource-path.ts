// Paths of resources: /api/v1/… and /apis/<group>/<version>/…, with and without a namespace.

export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
}

/** Undefined for a path that names no resource. Throws URIError for bad percent-encoding. */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const parts = pathname.split("/").slice(1).map(decodeURIComponent);
  const core = parts[0] === "api";
  if (!core && parts[0] !== "apis") return undefined;
  const [group = "", version = "", ...rest] = core ? ["", ...parts.slice(1)] : parts.slice(1);
  if (rest.at(-1) === "") rest.pop();
  if (rest.length === 0 || rest.some((part) => part === "")) return undefined;
  // `namespaces/x/status` is a namespace's own subresource, `namespaces/x/pods` a resource inside it.
  const inside = rest[0] === "namespaces" && rest.length >= 3 && !(rest.length === 3 && isOwn(rest[2]));
  const [resource = "", name = "", subresource = "", ...more] = inside ? rest.slice(2) : rest;
  if (more.length > 0) return undefined;
  return { group, version, namespace: inside ? (rest[1] ?? "") : "", resource, name, subresource };
}

function isOwn(part: string | undefined): boolean {
  return part === "status" || part === "finalize";
}
