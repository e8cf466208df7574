import { createHash } from "node:crypto";

import type { Id } from "../jute/data-records.ts";
import type { AuthScheme } from "./auth-scheme.ts";

// Source: org.apache.zookeeper.server.auth.DigestAuthenticationProvider.

/** The property `digestAlg` by Java's names, to those of OpenSSL. */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ["SHA1", "sha1"],
  ["SHA-1", "sha1"],
  ["SHA-224", "sha224"],
  ["SHA-256", "sha256"],
  ["SHA-384", "sha384"],
  ["SHA-512", "sha512"],
  ["SHA3-224", "sha3-224"],
  ["SHA3-256", "sha3-256"],
  ["SHA3-384", "sha3-384"],
  ["SHA3-512", "sha3-512"],
  ["MD5", "md5"],
]);

export interface DigestOptions {
  /** `zookeeper.DigestAuthenticationProvider.superDigest`: who proves this id may do everything. */
  readonly superDigest?: string | undefined;
  /** `zookeeper.DigestAuthenticationProvider.digestAlg`; default SHA1. */
  readonly algorithm?: string | undefined;
}

/** The id of `user:password`: `user:` and the digest of all of it in base64. */
export function digestId(userPassword: string | Uint8Array, algorithm = "SHA1"): string {
  const text = typeof userPassword === "string" ? userPassword : new TextDecoder().decode(userPassword);
  const colon = text.indexOf(":");
  const user = colon < 0 ? text : text.slice(0, colon);
  const hash = createHash(ALGORITHMS.get(algorithm.toUpperCase()) ?? "sha1");
  return `${user}:${hash.update(text, "utf8").digest("base64")}`;
}

/** Whether `digestScheme` knows the algorithm; the original refuses to start with another. */
export function isDigestAlgorithm(name: string): boolean {
  return ALGORITHMS.has(name.toUpperCase());
}

export function digestScheme(options: DigestOptions = {}): AuthScheme {
  return {
    name: "digest",
    isAuthenticated: true,
    isValid: (id) => javaSplitLength(id) === 2,
    matches: (id, aclId) => id === aclId,
    userName: (id) => id.split(":", 1)[0] ?? "",
    authenticate(auth) {
      const id = digestId(auth, options.algorithm);
      const ids: Id[] = id === options.superDigest ? [{ scheme: "super", id: "" }] : [];
      ids.push({ scheme: "digest", id });
      return ids;
    },
  };
}

/** How many parts Java's `split(":")` makes: empty ones at the end do not count. */
function javaSplitLength(text: string): number {
  const parts = text.split(":");
  while (parts.length > 1 && parts.at(-1) === "") parts.pop();
  return parts.length;
}
