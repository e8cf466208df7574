import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatReference, InvalidReferenceError, parseReference, repositoryOf } from "./reference.ts";

const HEX = "a".repeat(64);

describe("image references", () => {
  it.each([
    ["nginx", "docker.io/library/nginx:latest"],
    ["nginx:1.27-alpine", "docker.io/library/nginx:1.27-alpine"],
    ["user/app", "docker.io/user/app:latest"],
    ["index.docker.io/nginx", "docker.io/library/nginx:latest"],
    ["k8s.gcr.io/nginx-slim:0.8", "k8s.gcr.io/nginx-slim:0.8"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/a/b__c:x", "localhost:5000/a/b__c:x"],
    ["host:80/app", "host:80/app:latest"],
    [`nginx@sha256:${HEX}`, `docker.io/library/nginx@sha256:${HEX}`],
    [`nginx:1@sha256:${HEX}`, `docker.io/library/nginx:1@sha256:${HEX}`],
  ])("%s means %s", (text, whole) => {
    expect(formatReference(parseReference(text))).toBe(whole);
  });

  it.each([
    "",
    ":",
    "nginx:",
    "ngi nx",
    "/nginx",
    "nginx/",
    "a//b",
    "nginx@sha256:12",
    "-a",
    "a..b",
    "nginx:-x",
    "-h/a:1",
  ])("%j is no image's name", (text) => {
    expect(() => parseReference(text)).toThrow(InvalidReferenceError);
  });

  it("says which rule a name breaks", () => {
    expect(() => parseReference("user/App")).toThrow("repository name must be lowercase");
    expect(() => parseReference(`a/${"b".repeat(255)}`)).toThrow("must not be more than 255 characters");
    expect(() => parseReference("x y")).toThrow(`couldn't parse image name "x y": invalid reference format`);
  });

  it("parses its own whole form to the same reference, and never throws anything else", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."abZ09._-/:@") }), (text) => {
        try {
          const reference = parseReference(text);
          expect(parseReference(formatReference(reference))).toEqual(reference);
          expect(repositoryOf(reference)).not.toContain("@");
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidReferenceError);
        }
      }),
    );
  });
});
