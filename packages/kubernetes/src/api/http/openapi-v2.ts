// The OpenAPI v2 document, as the protobuf message of github.com/google/gnostic-models openapiv2/OpenAPIv2.proto. kubectl
// looks here for what the v3 documents do not have: whether the server itself checks the fields of a `v1 List`, and
// whether a kind that it found nowhere exists at all. Only what these questions need is in it.
import type { Kind } from "../../kinds/kind.ts";

export const OPENAPI_V2_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/** What clients say in Accept; Go's own media types cannot hold the `@`. */
const ACCEPTED = [
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
  OPENAPI_V2_TYPE,
  "*/*",
  "application/*",
];

export function acceptsOpenApiV2(header: string | undefined): boolean {
  if (header === undefined) return true;
  return header.split(",").some((clause) => ACCEPTED.includes(clause.split(";")[0]?.trim() ?? ""));
}

export function openApiV2(kinds: readonly Kind[]): Buffer {
  return message(
    text(1, "2.0"),
    field(2, message(text(1, "Kubernetes"), text(2, "v1.32"))),
    field(8, message(...kinds.map((kind) => field(2, message(text(1, pathOf(kind)), field(2, pathItem(kind))))))),
  );
}

function pathOf({ group, version, resource, namespaced }: Kind): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${root}/${namespaced ? "namespaces/{namespace}/" : ""}${resource}/{name}`;
}

/** A patch operation that takes `fieldValidation` and says its kind. */
function pathItem({ group, version, kind }: Kind): Buffer {
  const parameter = message(text(2, "query"), text(4, "fieldValidation"), text(6, "string"));
  const extension = message(
    text(1, "x-kubernetes-group-version-kind"),
    field(2, message(text(2, `group: ${JSON.stringify(group)}\nkind: ${kind}\nversion: ${version}\n`))),
  );
  const parameters = field(8, field(1, field(2, field(3, parameter))));
  return field(8, message(parameters, field(13, extension)));
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}

function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

/** A length-delimited field: text or a message. */
function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
