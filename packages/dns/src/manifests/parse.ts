/** Reads manifests, YAML or JSON, as kubectl takes them: several documents a file, and lists of objects. */
import { isNode, LineCounter, parseAllDocuments } from "yaml";

import { addressBytes } from "../zone/address.ts";
import { isFields } from "../zone/json.ts";
import type { ZoneObject } from "../zone/objects.ts";

/** An object with the parts that every object has. */
export interface ManifestObject extends ZoneObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

export interface ManifestProblem {
  readonly line: number;
  readonly message: string;
}

/** Every object of the text, of whatever kind, in its order; or else all that is wrong with it. Never throws. */
export function parseManifest(
  text: string,
): { readonly objects: ManifestObject[] } | { readonly problems: ManifestProblem[] } {
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: counter });
  const objects: ManifestObject[] = [];
  const problems: ManifestProblem[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    for (const error of document.errors) {
      problems.push({
        line: counter.linePos(error.pos[0]).line,
        message: error.message.replace(/ at line [0-9]+, column [0-9]+:\n.*/s, ""),
      });
    }
    if (document.errors.length > 0) continue;
    const lineOf = (path: readonly (string | number)[]): number => {
      for (let length = path.length; length > 0; length--) {
        const node = document.getIn(path.slice(0, length), true);
        if (isNode(node) && node.range) return counter.linePos(node.range[0]).line;
      }
      return counter.linePos(document.contents?.range?.[0] ?? 0).line;
    };
    const read = (value: unknown, path: readonly (string | number)[]) => {
      if (value === null || value === undefined) return;
      if (isFields(value) && Array.isArray(value["items"]) && String(value["kind"]).endsWith("List")) {
        for (const [index, item] of value["items"].entries()) read(item, [...path, "items", index]);
        return;
      }
      const report = (at: readonly (string | number)[], message: string) => {
        problems.push({ line: lineOf([...path, ...at]), message });
      };
      if (isManifestObject(value, report) && checkShape(value, report)) objects.push(value);
    };
    try {
      read(document.toJS(), []);
    } catch (error) {
      // Too many aliases: a document that would blow up when written out.
      problems.push({ line: lineOf([]), message: error instanceof Error ? error.message : String(error) });
    }
  }
  return problems.length > 0 ? { problems } : { objects };
}

type Report = (at: readonly (string | number)[], message: string) => void;

function isManifestObject(value: unknown, report: Report): value is ManifestObject {
  if (!isFields(value)) {
    report([], "not an object: a manifest has kind and metadata");
    return false;
  }
  if (typeof value["kind"] !== "string") {
    report(["kind"], "kind is missing");
    return false;
  }
  const metadata = value["metadata"];
  if (!isFields(metadata) || typeof metadata["name"] !== "string" || metadata["name"] === "") {
    report(["metadata"], `${value["kind"]}: metadata.name is missing`);
    return false;
  }
  if (metadata["namespace"] !== undefined && typeof metadata["namespace"] !== "string") {
    report(["metadata", "namespace"], `${value["kind"]} ${metadata["name"]}: metadata.namespace is not a string`);
    return false;
  }
  return true;
}

/** Reports what would silently come to fewer records than its writer meant. True if there is nothing. */
function checkShape(object: ManifestObject, report: Report): boolean {
  let sound = true;
  const wrong = (at: readonly (string | number)[], message: string) => {
    sound = false;
    report(at, `${object.kind} ${object.metadata.name}: ${at.join(".")}: ${message}`);
  };
  const list = (at: readonly string[]): readonly unknown[] => {
    const value = at.reduce<unknown>((part, name) => (isFields(part) ? part[name] : undefined), object);
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) wrong(at, "must be a list");
    return Array.isArray(value) ? value : [];
  };
  const address = (at: readonly (string | number)[], value: unknown) => {
    if (typeof value !== "string" || addressBytes(value) === null)
      wrong(at, `${JSON.stringify(value)} is not an IP address`);
  };
  const ports = (at: readonly string[]) => {
    for (const [index, port] of list(at).entries()) {
      const number = isFields(port) ? port["port"] : undefined;
      if (!Number.isInteger(number) || Number(number) < 1 || Number(number) > 65_535)
        wrong([...at, index], "port must be 1 to 65535");
    }
  };
  const spec = isFields(object["spec"]) ? object["spec"] : {};
  if (object.kind === "Service") {
    ports(["spec", "ports"]);
    const clusterIp = spec["clusterIP"];
    if (clusterIp !== undefined && clusterIp !== null && clusterIp !== "None" && clusterIp !== "")
      address(["spec", "clusterIP"], clusterIp);
    if (spec["type"] === "ExternalName" && typeof spec["externalName"] !== "string")
      wrong(["spec"], "externalName is missing");
  } else if (object.kind === "EndpointSlice") {
    ports(["ports"]);
    for (const [index, endpoint] of list(["endpoints"]).entries()) {
      const addresses = isFields(endpoint) ? endpoint["addresses"] : undefined;
      if (!Array.isArray(addresses) || addresses.length === 0) wrong(["endpoints", index], "addresses is missing");
      else for (const [part, value] of addresses.entries()) address(["endpoints", index, "addresses", part], value);
    }
  } else if (object.kind === "Pod") {
    const podIp = isFields(object["status"]) ? object["status"]["podIP"] : undefined;
    if (podIp !== undefined && podIp !== "") address(["status", "podIP"], podIp);
  } else if (object.kind === "StatefulSet") {
    const replicas = spec["replicas"];
    const isCount = Number.isInteger(replicas) && Number(replicas) >= 0 && Number(replicas) <= 10_000;
    if (replicas !== undefined && replicas !== null && !isCount) wrong(["spec", "replicas"], "must be 0 to 10000");
  }
  return sound;
}
