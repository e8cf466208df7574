// OpenAPI v3 documents, one a group version, made of the kinds' schemas: enough for kubectl's choice of server-side
// validation, for its look-up of patch keys and for `kubectl explain`.
import { createHash } from "node:crypto";

import type { Kind, ObjectSchema, Schema } from "../../kinds/kind.ts";
import { groupVersion } from "../body.ts";

export interface OpenApiDocument {
  readonly body: Buffer;
  /** SHA-512 of the body, in capital hexadecimals: in the index's URLs and as ETag. */
  readonly hash: string;
}

export class OpenApi {
  readonly #kinds: readonly Kind[];
  readonly #documents = new Map<string, OpenApiDocument>();

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds;
  }

  index(): object {
    const versions = [...new Set(this.#kinds.map((kind) => pathOf(kind)))].sort();
    const paths = versions.map((path) => {
      const hash = this.document(path)?.hash ?? "";
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
    });
    return { paths: Object.fromEntries(paths) as object };
  }

  /** By `api/v1` or `apis/apps/v1`. Made when first asked for. */
  document(path: string): OpenApiDocument | undefined {
    const known = this.#documents.get(path);
    if (known !== undefined) return known;
    const kinds = this.#kinds.filter((kind) => pathOf(kind) === path);
    if (kinds.length === 0) return undefined;
    const body = Buffer.from(JSON.stringify(openApiDocument(kinds)));
    const document = { body, hash: createHash("sha512").update(body).digest("hex").toUpperCase() };
    this.#documents.set(path, document);
    return document;
  }
}

function pathOf(kind: Kind): string {
  return kind.group === "" ? `api/${kind.version}` : `apis/${groupVersion(kind)}`;
}

function openApiDocument(kinds: readonly Kind[]): object {
  const schemas = new SchemaSet();
  const paths: Record<string, object> = {};
  for (const kind of kinds) {
    const gvk = { group: kind.group, version: kind.version, kind: kind.kind };
    const reference = schemas.rootReference(kind);
    const path = `/${pathOf(kind)}/${kind.namespaced ? "namespaces/{namespace}/" : ""}${kind.resource}/{name}`;
    const content = { "application/json": { schema: reference } };
    const write = (name: string): object => ({ name, in: "query", schema: { type: "string", uniqueItems: true } });
    const responses = { "200": { description: "OK", content } };
    paths[path] = {
      get: { "x-kubernetes-action": "get", "x-kubernetes-group-version-kind": gvk, responses },
      put: {
        "x-kubernetes-action": "put",
        "x-kubernetes-group-version-kind": gvk,
        parameters: ["dryRun", "fieldManager", "fieldValidation"].map(write),
        requestBody: { content: { "*/*": { schema: reference } } },
        responses,
      },
      patch: {
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": gvk,
        parameters: ["dryRun", "fieldManager", "fieldValidation", "force"].map(write),
        responses,
      },
    };
  }
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "1.32" },
    paths,
    components: { schemas: schemas.definitions },
  };
}

/** The definitions of one document. Types of equal names and different shapes get a number behind. */
class SchemaSet {
  readonly definitions: Record<string, object> = {};
  readonly #names = new Map<ObjectSchema, string>();

  rootReference(kind: Kind): object {
    const name = this.#nameOf(kind.schema);
    const gvk = [{ group: kind.group, version: kind.version, kind: kind.kind }];
    this.definitions[name] = { ...this.definitions[name], "x-kubernetes-group-version-kind": gvk };
    return { $ref: `#/components/schemas/${name}` };
  }

  #nameOf(schema: ObjectSchema): string {
    const known = this.#names.get(schema);
    if (known !== undefined) return known;
    const base = `io.k8s.api.v1.${schema.goName}`;
    let name = base;
    for (let number = 2; this.definitions[name] !== undefined; number++) name = `${base}${number}`;
    this.#names.set(schema, name);
    this.definitions[name] = {};
    const properties: Record<string, object> = {};
    for (const [field, value] of Object.entries(schema.fields)) properties[field] = this.#schema(value);
    this.definitions[name] = {
      description: `${schema.goName} is an object of the API.`,
      type: "object",
      properties,
    };
    return name;
  }

  #schema(schema: Schema): object {
    switch (schema.type) {
      case "object": {
        const strategy = schema.retainKeys === true ? { "x-kubernetes-patch-strategy": "retainKeys" } : {};
        return { allOf: [{ $ref: `#/components/schemas/${this.#nameOf(schema)}` }], default: {}, ...strategy };
      }
      case "array":
        return { type: "array", items: this.#schema(schema.items), ...listExtensions(schema) };
      case "map":
        return { type: "object", additionalProperties: this.#schema(schema.values) };
      case "string":
        return { type: "string" };
      case "bytes":
        return { type: "string", format: "byte" };
      case "boolean":
        return { type: "boolean" };
      case "int32":
      case "int64":
        return { type: "integer", format: schema.type };
      case "quantity":
        return { oneOf: [{ type: "string" }, { type: "number" }] };
      case "intOrString":
        return { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] };
      case "time":
      case "microTime":
        return { type: "string", format: "date-time" };
      case "any":
        return { type: "object" };
    }
  }
}

function listExtensions(schema: Schema & { readonly type: "array" }): object {
  const { merge } = schema;
  if (merge === undefined) return { "x-kubernetes-list-type": "atomic" };
  const retain = schema.items.type === "object" && schema.items.retainKeys === true ? "merge,retainKeys" : "merge";
  const strategic = {
    "x-kubernetes-patch-strategy": retain,
    ...(merge.kind === "keys" && { "x-kubernetes-patch-merge-key": merge.keys[0] }),
  };
  const apply =
    merge.kind === "keys"
      ? { "x-kubernetes-list-map-keys": merge.keys, "x-kubernetes-list-type": "map" }
      : { "x-kubernetes-list-type": "set" };
  return {
    ...(merge.only === "strategic" ? { "x-kubernetes-list-type": "atomic" } : apply),
    ...(merge.only !== "apply" && strategic),
  };
}
