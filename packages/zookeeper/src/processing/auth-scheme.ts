import type { Id } from "../jute/data-records.ts";

// Source: org.apache.zookeeper.server.auth.AuthenticationProvider.

/** What a scheme needs to know of the connection that authenticates. */
export interface ConnectionFacts {
  /** As Java's `getHostAddress` writes it: dotted, or eight groups with colons. */
  readonly remoteAddress: string;
  /** RFC 2253 name of the subject of the certificate that the TLS layer has trusted. */
  readonly certificateSubject?: string;
}

/** One way for a client to say who it is, and for an ACL to name whom it lets in. */
export interface AuthScheme {
  readonly name: string;
  /** Whether its ids stand for the caller in an ACL of scheme `auth`. */
  readonly isAuthenticated: boolean;
  /** Whether an ACL may name this id. */
  isValid(id: string): boolean;
  /** Whether a client with `id` is one that `aclId` names. */
  matches(id: string, aclId: string): boolean;
  /** What `whoAmI` shows of an id. */
  userName(id: string): string;
  /** The ids that a client gets for `auth`, the data of its auth packet; none: the authentication failed. */
  authenticate(auth: Uint8Array, connection: ConnectionFacts): readonly Id[];
}
