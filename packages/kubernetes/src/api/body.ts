import { isRecord } from "../kinds/json-record.ts";
import type { Kind } from "../kinds/kind.ts";
import { decode, DecodeError } from "./decode.ts";
import type { KubeObject } from "./object.ts";
import { badRequest } from "./refusals.ts";
import type { RequestBody, WriteOptions } from "./request-options.ts";

export function groupVersion(kind: Pick<Kind, "group" | "version">): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

/** An object of the kind, defaulted, out of a request's body. Throws 400 in the original's words. */
export function decodeBody(kind: Kind, body: RequestBody, options: WriteOptions): KubeObject {
  const { value } = body;
  if (!isRecord(value)) {
    throw badRequest(
      cannotHandle(
        kind,
        `couldn't get version/kind; json parse error: json: cannot unmarshal ${typeName(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
      ),
    );
  }
  const { apiVersion = groupVersion(kind), kind: kindName = kind.kind } = value;
  if (apiVersion !== groupVersion(kind)) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${groupVersion(kind)})`,
    );
  }
  if (kindName !== kind.kind) {
    throw badRequest(`${String(kindName)} in version "${kind.version}" cannot be handled as a ${kind.kind}`);
  }
  const { object, problems } = decodeObject(kind, value);
  reportStrict(kind, [...body.duplicates.map((path) => `duplicate field "${path}"`), ...problems], options);
  return object;
}

/** Decodes and defaults; `problems` names what strict decoding refuses. Throws 400 for values that do not fit. */
export function decodeObject(kind: Kind, value: Record<string, unknown>): { object: KubeObject; problems: string[] } {
  let decoded;
  try {
    decoded = decode(value, kind.schema);
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(cannotHandle(kind, error.message));
    throw error;
  }
  // `any` parts are still the caller's.
  const object = structuredClone(decoded.value) as unknown as KubeObject;
  object.apiVersion = groupVersion(kind);
  object.kind = kind.kind;
  object.metadata ??= {} as KubeObject["metadata"];
  kind.defaults(object);
  return { object, problems: decoded.unknown.map((path) => `unknown field "${path}"`) };
}

function reportStrict(kind: Kind, problems: readonly string[], options: WriteOptions): void {
  if (problems.length === 0 || options.fieldValidation === "Ignore") return;
  if (options.fieldValidation === "Warn") {
    for (const problem of problems) options.warn?.(problem);
    return;
  }
  throw badRequest(cannotHandle(kind, `strict decoding error: ${problems.join(", ")}`));
}

export function cannotHandle(kind: Kind, why: string): string {
  return `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${why}`;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
}
