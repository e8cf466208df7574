import { isRecord } from "../../kinds/json-record.ts";
import type { Kind } from "../../kinds/kind.ts";
import { decodeObject, cannotHandle } from "../body.ts";
import type { KubeObject } from "../object.ts";
import { badRequest } from "../refusals.ts";
import type { RequestBody, WriteOptions } from "../request-options.ts";
import { readScale, scaleKind, scaleOf } from "../scale.ts";
import { StatusError } from "../status-error.ts";
import type { WritePipeline, Written } from "../write-pipeline.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import type { PatchRequest } from "./patch-request.ts";
import { serverSideApply } from "./server-side-apply.ts";
import { strategicMergePatch } from "./strategic-merge-patch.ts";

/** Patches the latest state of an object. Throws 404, 409, 422 and 400 as the original. */
export function applyPatch(
  pipeline: WritePipeline,
  kind: Kind,
  namespace: string,
  name: string,
  request: PatchRequest,
  options: WriteOptions,
): { readonly written: Written; readonly created: boolean } {
  if (request.type === "apply") return serverSideApply(pipeline, kind, namespace, name, request, options);
  const old = pipeline.current(kind, namespace, name);
  if (request.subresource === "scale") {
    const patched = patchDocument(scaleKind, scaleOf(kind, old), request, options);
    return { written: readScale(pipeline, kind, old, patched, options), created: false };
  }
  const object = patchDocument(kind, old, request, options);
  return { written: pipeline.replace(kind, old, object, options, request.subresource), created: false };
}

function patchDocument(kind: Kind, old: KubeObject, request: PatchRequest, options: WriteOptions): KubeObject {
  const { type, body } = request;
  const patched = patchedValue(kind, old, request);
  if (!isRecord(patched)) throw badRequest(cannotHandle(kind, "the patch leaves no object"));
  if (type !== "strategic") {
    try {
      const { object, problems } = decodeObject(kind, patched);
      report(kind, [...duplicates(body), ...problems], patched, type, options);
      return object;
    } catch (error) {
      if (error instanceof StatusError && error.reason === "BadRequest")
        throw invalidPatch(patched, plain(kind, error.message));
      throw error;
    }
  }
  const { object, problems } = decodeObject(kind, patched);
  report(kind, [...duplicates(body), ...problems], patched, type, options);
  return object;
}

function patchedValue(kind: Kind, old: KubeObject, request: PatchRequest): unknown {
  const { value } = request.body;
  switch (request.type) {
    case "json":
      return jsonPatch(old, value);
    case "merge":
      if (!isRecord(value))
        throw badRequest(`json: cannot unmarshal ${typeof value} into Go value of type map[string]interface {}`);
      return mergePatch(old, value);
    default:
      if (!isRecord(value))
        throw badRequest(`json: cannot unmarshal ${typeof value} into Go value of type map[string]interface {}`);
      return strategicMergePatch(old, value, kind.schema);
  }
}

function duplicates(body: RequestBody): string[] {
  return body.duplicates.map((path) => `duplicate field "${path}"`);
}

function report(
  kind: Kind,
  problems: readonly string[],
  patched: unknown,
  type: PatchRequest["type"],
  options: WriteOptions,
): void {
  if (problems.length === 0 || options.fieldValidation === "Ignore") return;
  if (options.fieldValidation === "Warn") {
    for (const problem of problems) options.warn?.(problem);
    return;
  }
  const why = `strict decoding error: ${problems.join(", ")}`;
  throw type === "strategic" ? badRequest(cannotHandle(kind, why)) : invalidPatch(patched, why);
}

function plain(kind: Kind, message: string): string {
  const head = cannotHandle(kind, "");
  return message.startsWith(head) ? message.slice(head.length) : message;
}

/** A JSON or merge patch whose result is no object of the kind. */
function invalidPatch(patched: unknown, why: string): StatusError {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${why}`;
  return new StatusError(422, "Invalid", ` "" is invalid: patch: ${message}`, {
    causes: [{ reason: "FieldValueInvalid", message, field: "patch" }],
  });
}
