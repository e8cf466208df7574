// Requests for resources: verbs, query parameters, bodies, answers.
import { isRecord } from "../../kinds/json-record.ts";
import type { Kind } from "../../kinds/kind.ts";
import { groupVersion } from "../body.ts";
import type { DeleteOptions } from "../client.ts";
import { deleteOptions } from "../delete-options.ts";
import type { Deleted } from "../deletion.ts";
import { evictPod } from "../eviction.ts";
import { noSuchResource } from "../kind-table.ts";
import type { KubeObject } from "../object.ts";
import type { PatchRequest } from "../patch/patch-request.ts";
import { decodeProtobuf } from "../protobuf/decode-protobuf.ts";
import { ProtobufError } from "../protobuf/wire.ts";
import { badRequest, invalid } from "../refusals.ts";
import type { Registry } from "../registry.ts";
import type { ReadSelection, RequestBody, WriteOptions } from "../request-options.ts";
import { decodeScale, readScale, scaleOf } from "../scale.ts";
import { StatusError } from "../status-error.ts";
import { parseYamlBody } from "../yaml-body.ts";
import { parseBody, readBody } from "./body-reader.ts";
import { type Accepted, negotiate, unsupportedMediaType } from "./negotiation.ts";
import type { ResourcePath } from "./resource-path.ts";
import { type Exchange, sendJson } from "./respond.ts";
import { partialMetadata, tableOf } from "./table.ts";
import { checkListVersion, includeObject, streamWatch } from "./watch-stream.ts";

/** Answers one request for a resource or one of its objects. Refusals are thrown. */
export async function serveResource(
  registry: Registry,
  kind: Kind,
  path: ResourcePath,
  exchange: Exchange,
): Promise<void> {
  if (!kind.namespaced && path.namespace !== "") throw noSuchResource();
  if (path.subresource !== "") return serveSubresource(registry, kind, path, exchange);
  const { method } = exchange.request;
  if (path.name === "") {
    if (method === "GET" || method === "HEAD") return serveList(registry, kind, path, exchange);
    if (kind.namespaced && path.namespace === "") throw wrongMethod();
    if (method === "POST") return serveCreate(registry, kind, path, exchange);
    if (method === "DELETE" && allows(kind, "deletecollection"))
      return serveDeleteCollection(registry, kind, path, exchange);
    throw wrongMethod();
  }
  if (kind.namespaced && path.namespace === "") throw noSuchResource();
  switch (method) {
    case "GET":
    case "HEAD":
      return serveGet(registry, kind, path, exchange);
    case "PUT":
      return serveUpdate(registry, kind, path, exchange);
    case "PATCH":
      return servePatch(registry, kind, path, exchange);
    case "DELETE":
      return serveDelete(registry, kind, path, exchange);
    default:
      throw wrongMethod();
  }
}

export function wrongMethod(): StatusError {
  return new StatusError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}

function allows(kind: Kind, verb: string): boolean {
  return kind.verbs === undefined || kind.verbs.includes(verb);
}

function selectionOf(path: ResourcePath, query: URLSearchParams): ReadSelection {
  const byName = path.name === "" ? undefined : `metadata.name=${path.name}`;
  return {
    namespace: path.namespace === "" ? undefined : path.namespace,
    labelSelector: query.get("labelSelector") ?? undefined,
    fieldSelector: byName ?? query.get("fieldSelector") ?? undefined,
  };
}

function serveGet(registry: Registry, kind: Kind, path: ResourcePath, exchange: Exchange): void {
  const accepted = negotiate(exchange.request.headers.accept);
  if (isWatch(exchange.url.searchParams)) {
    return streamWatch(registry, kind, selectionOf(path, exchange.url.searchParams), accepted, exchange);
  }
  sendObject(registry, kind, registry.get(kind, path.namespace, path.name), 200, accepted, exchange);
}

function serveList(registry: Registry, kind: Kind, path: ResourcePath, exchange: Exchange): void {
  const query = exchange.url.searchParams;
  const accepted = negotiate(exchange.request.headers.accept);
  const selection = selectionOf(path, query);
  if (isWatch(query)) return streamWatch(registry, kind, selection, accepted, exchange);
  checkListVersion(registry, query);
  const limit = wholeNumber(query, "limit");
  const page = registry.list(kind, {
    ...selection,
    ...(limit !== undefined && { limit }),
    continue: query.get("continue") ?? "",
  });
  const { items, ...metadata } = page;
  sendList(registry, kind, items, metadata, accepted, exchange);
}

function sendList(
  registry: Registry,
  kind: Kind,
  items: readonly KubeObject[],
  metadata: object,
  accepted: Accepted,
  exchange: Exchange,
): void {
  if (accepted.table) {
    const include = includeObject(exchange.url.searchParams.get("includeObject"));
    return sendJson(exchange, 200, tableOf(kind, items, metadata, include, registry.clock.now()));
  }
  if (accepted.metadataOnly) {
    const list = { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata };
    return sendJson(exchange, 200, { ...list, items: items.map(partialMetadata) });
  }
  // Items of a list carry neither kind nor apiVersion.
  const plain = items.map(({ kind: _kind, apiVersion: _apiVersion, ...rest }) => rest);
  sendJson(exchange, 200, { kind: `${kind.kind}List`, apiVersion: groupVersion(kind), metadata, items: plain });
}

async function serveCreate(registry: Registry, kind: Kind, path: ResourcePath, exchange: Exchange): Promise<void> {
  const accepted = negotiate(exchange.request.headers.accept);
  const options = writeOptions(exchange);
  const body = await readObject(exchange, kind);
  const object = await registry.create(kind, path.namespace, body, options);
  sendObject(registry, kind, object, 201, accepted, exchange);
}

async function serveUpdate(registry: Registry, kind: Kind, path: ResourcePath, exchange: Exchange): Promise<void> {
  const accepted = negotiate(exchange.request.headers.accept);
  const options = writeOptions(exchange);
  const body = await readObject(exchange, kind);
  const subresource = path.subresource === "status" || path.subresource === "finalize" ? path.subresource : undefined;
  const object = await registry.update(kind, path.namespace, path.name, body, options, subresource);
  sendObject(registry, kind, object, 200, accepted, exchange);
}

const PATCH_TYPES: ReadonlyMap<string, PatchRequest["type"]> = new Map([
  ["application/json-patch+json", "json"],
  ["application/merge-patch+json", "merge"],
  ["application/strategic-merge-patch+json", "strategic"],
  ["application/apply-patch+yaml", "apply"],
]);

async function servePatch(registry: Registry, kind: Kind, path: ResourcePath, exchange: Exchange): Promise<void> {
  const accepted = negotiate(exchange.request.headers.accept);
  const type = PATCH_TYPES.get(mediaType(exchange));
  if (type === undefined) throw unsupportedMediaType();
  const options = writeOptions(exchange);
  if (type === "apply" && (exchange.url.searchParams.get("fieldManager") ?? "") === "") {
    throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
      { kind: "Required value", path: "fieldManager", detail: "is required for apply patch" },
    ]);
  }
  const bytes = await readBody(exchange.request);
  const body = type === "apply" ? parseYamlBody(bytes) : parseBody(bytes);
  const subresource = path.subresource === "status" || path.subresource === "scale" ? path.subresource : undefined;
  const { object, created } = await registry.patch(
    kind,
    path.namespace,
    path.name,
    { type, body, subresource },
    options,
  );
  if (subresource === "scale") return sendJson(exchange, 200, scaleOf(kind, object));
  sendObject(registry, kind, object, created ? 201 : 200, accepted, exchange);
}

async function serveDelete(registry: Registry, kind: Kind, path: ResourcePath, exchange: Exchange): Promise<void> {
  const accepted = negotiate(exchange.request.headers.accept);
  const { request, options } = await readDeleteOptions(exchange);
  const deleted = await registry.delete(kind, path.namespace, path.name, request, options);
  if (deleted.gone && kind.strategy.deleteReturnsObject !== true)
    return sendJson(exchange, 200, deletedStatus(kind, deleted));
  sendObject(registry, kind, deleted.result, 200, accepted, exchange);
}

function deletedStatus(kind: Kind, deleted: Deleted): object {
  const { name, uid } = deleted.result.metadata;
  const details = { name, ...(kind.group !== "" && { group: kind.group }), kind: kind.resource, uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

async function serveDeleteCollection(
  registry: Registry,
  kind: Kind,
  path: ResourcePath,
  exchange: Exchange,
): Promise<void> {
  const accepted = negotiate(exchange.request.headers.accept);
  const { request, options } = await readDeleteOptions(exchange);
  const items = await registry.deleteCollection(kind, selectionOf(path, exchange.url.searchParams), request, options);
  sendList(registry, kind, items, { resourceVersion: String(registry.objects.resourceVersion) }, accepted, exchange);
}

async function serveSubresource(registry: Registry, kind: Kind, path: ResourcePath, exchange: Exchange): Promise<void> {
  const { method } = exchange.request;
  const { subresource } = path;
  if (!(kind.subresources as readonly string[]).includes(subresource) || path.name === "") throw noSuchResource();
  if (kind.namespaced && path.namespace === "") throw noSuchResource();
  switch (subresource) {
    case "status":
      if (method === "GET") return serveGet(registry, kind, { ...path, subresource: "" }, exchange);
      if (method === "PUT") return serveUpdate(registry, kind, path, exchange);
      if (method === "PATCH") return servePatch(registry, kind, path, exchange);
      throw wrongMethod();
    case "finalize":
      if (method === "PUT") return serveUpdate(registry, kind, path, exchange);
      throw wrongMethod();
    case "scale":
      return serveScale(registry, kind, path, exchange);
    case "binding": {
      if (method !== "POST") throw wrongMethod();
      const options = writeOptions(exchange);
      const { value } = await readObject(exchange);
      await registry.bind(path.namespace, path.name, value, options);
      return sendJson(exchange, 201, SUCCESS);
    }
    case "eviction": {
      if (method !== "POST") throw wrongMethod();
      const options = writeOptions(exchange);
      const { value } = await readObject(exchange);
      await evictPod(registry, path.namespace, path.name, value, options);
      return sendJson(exchange, 201, SUCCESS);
    }
    default:
      throw wrongMethod();
  }
}

const SUCCESS = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };

async function serveScale(registry: Registry, kind: Kind, path: ResourcePath, exchange: Exchange): Promise<void> {
  const { method } = exchange.request;
  if (method === "GET") return sendJson(exchange, 200, scaleOf(kind, registry.get(kind, path.namespace, path.name)));
  if (method === "PATCH") return servePatch(registry, kind, path, exchange);
  if (method !== "PUT") throw wrongMethod();
  const options = writeOptions(exchange);
  const body = await readObject(exchange);
  const { pipeline } = registry;
  const object = await pipeline.run(() => {
    const old = pipeline.current(kind, path.namespace, path.name);
    return readScale(pipeline, kind, old, decodeScale(body, options), options);
  });
  sendJson(exchange, 200, scaleOf(kind, object));
}

function sendObject(
  registry: Registry,
  kind: Kind,
  object: KubeObject,
  code: number,
  accepted: Accepted,
  exchange: Exchange,
): void {
  if (accepted.table) {
    const include = includeObject(exchange.url.searchParams.get("includeObject"));
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    return sendJson(exchange, code, tableOf(kind, [object], metadata, include, registry.clock.now()));
  }
  sendJson(exchange, code, accepted.metadataOnly ? partialMetadata(object) : object);
}

function isWatch(query: URLSearchParams): boolean {
  return ["true", "1"].includes(query.get("watch") ?? "");
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  if (!/^-?\d{1,15}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

export function mediaType(exchange: Exchange): string {
  return (exchange.request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

/** The body of POST and PUT: JSON, YAML, or, where it is an object of `kind`, protobuf. Throws 415 for anything else. */
async function readObject(exchange: Exchange, kind?: Kind): Promise<RequestBody> {
  const type = mediaType(exchange);
  if (type === "application/vnd.kubernetes.protobuf" && kind !== undefined)
    return parseProtobufBody(await readBody(exchange.request), kind);
  if (type !== "" && type !== "application/json" && type !== "application/yaml") throw unsupportedMediaType();
  const bytes = await readBody(exchange.request);
  return type === "application/yaml" ? parseYamlBody(bytes) : parseBody(bytes);
}

function parseProtobufBody(bytes: Buffer, kind: Kind): RequestBody {
  try {
    return { value: decodeProtobuf(bytes, kind.schema, kind.group), duplicates: [] };
  } catch (error) {
    if (error instanceof ProtobufError) throw badRequest(error.message);
    throw error;
  }
}

/** Longest name of a field manager that the original takes. */
const MANAGER_LENGTH_MAX = 128;

function writeOptions(exchange: Exchange): WriteOptions {
  const query = exchange.url.searchParams;
  const validation = query.get("fieldValidation") ?? "";
  if (!["", "Strict", "Warn", "Ignore"].includes(validation)) {
    throw badRequest(
      `fieldValidation: Unsupported value: ${JSON.stringify(validation)}: supported values: "Ignore", "Strict", "Warn"`,
    );
  }
  const dryRun = query.getAll("dryRun");
  if (dryRun.some((value) => value !== "All" && value !== "")) {
    throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`);
  }
  const agent = (exchange.request.headers["user-agent"] ?? "unknown").split("/")[0] ?? "unknown";
  const manager = query.get("fieldManager") ?? "";
  if (manager.length > MANAGER_LENGTH_MAX) {
    throw badRequest(
      `fieldManager: Invalid value: ${JSON.stringify(manager)}: may not be more than ${MANAGER_LENGTH_MAX} bytes`,
    );
  }
  return {
    manager: manager === "" ? agent.slice(0, MANAGER_LENGTH_MAX) : manager,
    dryRun: dryRun.includes("All"),
    // The original warns unless it is told otherwise.
    fieldValidation: validation === "" ? "Warn" : (validation as "Strict" | "Warn" | "Ignore"),
    force: query.get("force") === "true",
    warn: (text) => exchange.warnings.push(text),
  };
}

async function readDeleteOptions(exchange: Exchange): Promise<{ request: DeleteOptions; options: WriteOptions }> {
  const query = exchange.url.searchParams;
  const bytes = await readBody(exchange.request);
  if (bytes.length > 0 && !["", "application/json"].includes(mediaType(exchange))) throw unsupportedMediaType();
  const body = bytes.length === 0 ? {} : parseBody(bytes).value;
  const options = writeOptions(exchange);
  const request = deleteOptions(body, query);
  const dryRun = isRecord(body) && Array.isArray(body["dryRun"]) && body["dryRun"].includes("All");
  return { request, options: { ...options, dryRun: options.dryRun === true || dryRun } };
}
