// Content negotiation as the original's: JSON or nothing of the media types that it would serve, Tables on request.
import { StatusError } from "../status-error.ts";

export interface Accepted {
  /** A Table rather than the object itself. */
  readonly table: boolean;
  /** Only metadata is wanted: PartialObjectMetadata and its list. */
  readonly metadataOnly: boolean;
}

const NOT_ACCEPTABLE =
  "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

/** Takes the first media type of the header that can be served. Throws 406. */
export function negotiate(header: string | undefined): Accepted {
  if (header === undefined || header.trim() === "") return { table: false, metadataOnly: false };
  const clauses = header.split(",").map(parseClause);
  // Higher quality first; the order of the header decides among equals.
  clauses.sort((left, right) => right.quality - left.quality);
  for (const { type, parameters, quality } of clauses) {
    if (quality === 0) continue;
    if (type !== "application/json" && type !== "*/*" && type !== "application/*") continue;
    const as = parameters.get("as");
    if (as === undefined) return { table: false, metadataOnly: false };
    if (parameters.get("g") !== "meta.k8s.io" || !["v1", "v1beta1"].includes(parameters.get("v") ?? "")) continue;
    if (as === "Table") return { table: true, metadataOnly: false };
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList")
      return { table: false, metadataOnly: true };
  }
  // Clients that would rather have protobuf and name nothing else still read JSON when they are told that it is.
  if (clauses.some((clause) => clause.type === "application/vnd.kubernetes.protobuf" && !clause.parameters.has("as"))) {
    return { table: false, metadataOnly: false };
  }
  throw notAcceptable();
}

export function notAcceptable(): StatusError {
  return new StatusError(406, "NotAcceptable", NOT_ACCEPTABLE, {});
}

/** Whether a discovery request asks for the aggregated form, v2. */
export function wantsAggregatedDiscovery(header: string | undefined): boolean {
  return (header ?? "").split(",").some((text) => {
    const { type, parameters } = parseClause(text);
    return (
      type === "application/json" &&
      parameters.get("as") === "APIGroupDiscoveryList" &&
      parameters.get("g") === "apidiscovery.k8s.io" &&
      parameters.get("v") === "v2"
    );
  });
}

function parseClause(text: string): { type: string; parameters: Map<string, string>; quality: number } {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const [name = "", value = ""] = part.split("=");
    parameters.set(name.trim().toLowerCase(), value.trim().replace(/^"|"$/g, ""));
  }
  const quality = Number(parameters.get("q") ?? "1");
  return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 1 };
}

export function unsupportedMediaType(): StatusError {
  return new StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}
