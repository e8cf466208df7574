// The `scale` subresource: an autoscaling/v1 Scale that is made of the object and written back into it.
import { canonicalize } from "../kinds/canonical.ts";
import type { Kind } from "../kinds/kind.ts";
import { int32, object, string } from "../kinds/schema/field.ts";
import { objectMeta } from "../kinds/schema/meta.ts";
import { decodeBody } from "./body.ts";
import type { KubeObject } from "./object.ts";
import { invalid } from "./refusals.ts";
import type { RequestBody, WriteOptions } from "./request-options.ts";
import type { WritePipeline, Written } from "./write-pipeline.ts";

const scaleSchema = object(
  "Scale",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    spec: object("ScaleSpec", { replicas: int32 }),
    status: object("ScaleStatus", { replicas: int32, selector: string }, { always: ["replicas"] }),
  },
  { always: ["metadata", "spec", "status"] },
);

/** Describes Scale to decoding and patching; it is no resource of its own. */
export const scaleKind: Kind = {
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  resource: "scales",
  singular: "scale",
  namespaced: true,
  subresources: [],
  schema: scaleSchema,
  defaults: (scale) => canonicalize(scale as unknown as Record<string, unknown>, scaleSchema),
  strategy: { validate: () => [] },
  columns: [],
  row: () => [],
};

interface Scalable {
  readonly spec?: { readonly replicas?: number; readonly selector?: unknown };
  readonly status?: { readonly replicas?: number };
}

export function scaleOf(_kind: Kind, object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { spec, status } = object as unknown as Scalable;
  const scale = {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, ...(namespace !== undefined && { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec?.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, selector: selectorText(spec?.selector) },
  };
  canonicalize(scale, scaleSchema);
  return scale;
}

export function decodeScale(body: RequestBody, options: WriteOptions): KubeObject {
  return decodeBody(scaleKind, body, options);
}

/** Writes a Scale's replicas into its object. Throws 422 for negative ones. */
export function readScale(
  pipeline: WritePipeline,
  kind: Kind,
  old: KubeObject,
  scale: KubeObject,
  options: WriteOptions,
): Written {
  const replicas = (scale as unknown as Scalable).spec?.replicas ?? 0;
  if (replicas < 0) {
    throw invalid(scaleKind, old.metadata.name, [
      { kind: "Invalid value", path: "spec.replicas", value: replicas, detail: "must be greater than or equal to 0" },
    ]);
  }
  const object = structuredClone(old);
  object["spec"] = { ...(object["spec"] as object | undefined), replicas };
  const { resourceVersion, uid } = scale.metadata;
  object.metadata.resourceVersion = resourceVersion ?? "";
  object.metadata.uid = uid ?? "";
  return pipeline.replace(kind, old, object, options, "scale");
}

/** A label selector as text: `app=nginx,tier in (a,b)`. */
function selectorText(selector: unknown): string {
  const { matchLabels = {}, matchExpressions = [] } = (selector ?? {}) as {
    readonly matchLabels?: Readonly<Record<string, string>>;
    readonly matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
  };
  const terms = Object.entries(matchLabels).map(([key, value]) => ({ key, text: `${key}=${value}` }));
  for (const { key, operator, values = [] } of matchExpressions) {
    const set = `(${[...values].sort().join(",")})`;
    const text =
      operator === "In"
        ? `${key} in ${set}`
        : operator === "NotIn"
          ? `${key} notin ${set}`
          : operator === "Exists"
            ? key
            : `!${key}`;
    terms.push({ key, text });
  }
  return terms
    .sort((left, right) => (left.key < right.key ? -1 : 1))
    .map((term) => term.text)
    .join(",");
}
