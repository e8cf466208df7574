// JSON Patch, RFC 6902, with the ways of the library that the original uses (evanphx/json-patch): `replace` of a map key
// that is missing adds it, negative array indexes count from the end.
import { isDeepStrictEqual } from "node:util";

import { isRecord, setOwn } from "../../kinds/json-record.ts";
import { badRequest, unprocessablePatch } from "../refusals.ts";
import { StatusError } from "../status-error.ts";

/** Operations in one patch, as the original limits them. */
const OPERATIONS_MAX = 10_000;
/** What all `copy` operations of a patch may add, likewise: each could double the document. */
const COPIED_BYTES_MAX = 3 * 1024 * 1024;

interface Copied {
  bytes: number;
}

/** The patched document. Throws 400 for a patch that is none, 422 for one that does not fit the document. */
export function jsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw badRequest(
      `json: cannot unmarshal ${isRecord(patch) ? "object" : typeof patch} into Go value of type jsonpatch.Patch`,
    );
  }
  if (patch.length > OPERATIONS_MAX) {
    throw badRequest(`The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${patch.length}`);
  }
  let result = structuredClone(document);
  const copied: Copied = { bytes: 0 };
  for (const operation of patch as unknown[]) {
    if (!isRecord(operation)) throw badRequest("json: cannot unmarshal into Go value of type jsonpatch.Operation");
    result = applyOperation(result, operation, copied);
  }
  return result;
}

function applyOperation(document: unknown, operation: Record<string, unknown>, copied: Copied): unknown {
  const path = pointer(operation["path"]);
  switch (operation["op"]) {
    case "add":
      return put(document, path, given(operation), true);
    case "replace":
      return put(document, path, given(operation), false);
    case "remove":
      return remove(document, path);
    case "test": {
      const expected = operation["value"] ?? null;
      const actual = read(document, path) ?? null;
      if (!isDeepStrictEqual(actual, expected)) throw unprocessablePatch();
      return document;
    }
    case "copy":
      return put(document, path, copy(existing(document, pointer(operation["from"])), copied), true);
    case "move": {
      const from = pointer(operation["from"]);
      const value = existing(document, from);
      return put(remove(document, from), path, value, true);
    }
    default:
      throw unprocessablePatch();
  }
}

function copy(value: unknown, copied: Copied): unknown {
  const text = JSON.stringify(value);
  copied.bytes += Buffer.byteLength(text);
  if (copied.bytes > COPIED_BYTES_MAX) throw tooMuchCopied(copied.bytes);
  return JSON.parse(text) as unknown;
}

/** The original's words, which the apiserver passes on as 413. */
function tooMuchCopied(bytes: number): StatusError {
  const why = `Unable to complete the copy, the accumulated size increase of copy is ${bytes}, exceeding the limit ${COPIED_BYTES_MAX}`;
  return new StatusError(413, "RequestEntityTooLarge", why, {});
}

function given(operation: Record<string, unknown>): unknown {
  if (!Object.hasOwn(operation, "value")) throw unprocessablePatch();
  return structuredClone(operation["value"]);
}

function pointer(text: unknown): string[] {
  if (typeof text !== "string" || (text !== "" && !text.startsWith("/"))) throw unprocessablePatch();
  return text
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function read(document: unknown, path: readonly string[]): unknown {
  let at = document;
  for (const part of path) {
    if (Array.isArray(at)) at = at[index(part, at.length)] as unknown;
    else if (isRecord(at) && Object.hasOwn(at, part)) at = at[part];
    else return undefined;
  }
  return at;
}

function existing(document: unknown, path: readonly string[]): unknown {
  const value = read(document, path);
  if (value === undefined) throw unprocessablePatch();
  return value;
}

/** A container to write into; missing ones are not made. */
function container(document: unknown, path: readonly string[]): unknown[] | Record<string, unknown> {
  const value = read(document, path.slice(0, -1));
  if (Array.isArray(value) || isRecord(value)) return value;
  throw unprocessablePatch();
}

function put(document: unknown, path: readonly string[], value: unknown, insert: boolean): unknown {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = container(document, path);
  if (!Array.isArray(parent)) setOwn(parent, last, value);
  else if (insert && last === "-") parent.push(value);
  else {
    const at = index(last, parent.length + (insert ? 1 : 0));
    parent.splice(at, insert ? 0 : 1, value);
  }
  return document;
}

function remove(document: unknown, path: readonly string[]): unknown {
  const last = path.at(-1);
  if (last === undefined) throw unprocessablePatch();
  const parent = container(document, path);
  if (Array.isArray(parent)) parent.splice(index(last, parent.length), 1);
  else if (Object.hasOwn(parent, last)) delete parent[last];
  else throw unprocessablePatch();
  return document;
}

function index(part: string, length: number): number {
  if (!/^-?(0|[1-9]\d*)$/.test(part)) throw unprocessablePatch();
  const value = Number(part) < 0 ? length + Number(part) : Number(part);
  if (value < 0 || value >= length) throw unprocessablePatch();
  return value;
}
