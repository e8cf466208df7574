import { describe, expect, test } from "vitest";

import type { Kind } from "./kind.ts";
import { kinds, readText } from "./testdata/read.ts";

type Discovered = Pick<
  Kind,
  "group" | "version" | "kind" | "resource" | "singular" | "namespaced" | "shortNames" | "categories" | "verbs"
> & { readonly subresources: readonly string[] };

const discovered = JSON.parse(readText("captured-resources.json")) as Discovered[];
const ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

describe("discovery of", () => {
  test.each(discovered.map((entry) => [entry.resource, entry] as const))(
    "%s says what the original says",
    (resource, entry) => {
      const kind = kinds.find((candidate) => candidate.resource === resource);
      expect(kind).toMatchObject({
        group: entry.group,
        version: entry.version,
        kind: entry.kind,
        singular: entry.singular,
        namespaced: entry.namespaced,
      });
      expect(kind?.shortNames).toEqual(entry.shortNames);
      expect(kind?.categories).toEqual(entry.categories);
      expect(kind?.verbs ?? ALL_VERBS).toEqual(entry.verbs);
      // Proxies, tokens, resizing and debugging containers are not served.
      expect(entry.subresources).toEqual(expect.arrayContaining([...(kind?.subresources ?? [])]));
    },
  );

  test("covers every kind", () => {
    expect(kinds.map(({ resource }) => resource).sort()).toEqual(discovered.map(({ resource }) => resource).sort());
  });
});
