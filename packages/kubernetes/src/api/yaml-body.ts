// YAML in a request's body, at a bounded cost: clients send JSON, which is YAML too, and what is left is written by hand.
import { isScalar, parseDocument, visit } from "yaml";

import { JsonError, parseJson } from "./go-json.ts";
import { badRequest } from "./refusals.ts";
import type { RequestBody } from "./request-options.ts";
import { StatusError } from "./status-error.ts";

/** Of YAML that is no JSON. Its parser takes some seconds for a megabyte, and nobody else is served meanwhile. */
const YAML_BYTES_MAX = 256 * 1024;
/** References to anchors: few of them already make a small body huge. */
const ALIASES_MAX = 100;

/** Throws 400 for what is no YAML, has a key twice or too many aliases, 413 for more of it than the limit. */
export function parseYamlBody(bytes: Buffer): RequestBody {
  const text = bytes.toString();
  return parseAsJson(text) ?? { value: parseYaml(text, bytes.length), duplicates: [] };
}

/** Undefined for YAML in another form. */
function parseAsJson(text: string): RequestBody | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const body = parseJson(text);
    if (body.duplicates.length > 0) throw undecodable(`key "${body.duplicates[0]}" already set in map`);
    return body;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

function parseYaml(text: string, length: number): unknown {
  if (length > YAML_BYTES_MAX) {
    const limit = `limit is ${YAML_BYTES_MAX} for YAML that is not JSON`;
    throw new StatusError(413, "RequestEntityTooLarge", `Request entity too large: ${limit}`, {});
  }
  try {
    // Its own way to find equal keys compares every one with every other.
    const document = parseDocument(text, { uniqueKeys: false, logLevel: "error" });
    const [problem] = document.errors;
    if (problem !== undefined) throw problem;
    let aliases = 0;
    visit(document, {
      Map: (_key, map) => {
        const seen = new Set<unknown>();
        for (const { key } of map.items) {
          const name = isScalar(key) ? String(key.value) : key;
          if (seen.has(name)) throw new Error(`key "${String(name)}" already set in map`);
          seen.add(name);
        }
      },
      Alias: () => {
        aliases += 1;
        if (aliases > ALIASES_MAX) throw new Error(`more than ${ALIASES_MAX} aliases`);
      },
    });
    return document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown;
  } catch (error) {
    throw undecodable(error instanceof Error ? error.message : String(error));
  }
}

function undecodable(why: string): StatusError {
  return badRequest(`error decoding YAML: ${why}`);
}
