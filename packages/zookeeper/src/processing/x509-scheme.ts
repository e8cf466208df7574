import type { Id } from "../jute/data-records.ts";
import type { AuthScheme } from "./auth-scheme.ts";

// Source: org.apache.zookeeper.server.auth.X509AuthenticationProvider.

export interface X509Options {
  /** `zookeeper.X509AuthenticationProvider.superUser`: the subject that may do everything. */
  readonly superUser?: string | undefined;
}

/** The subject of the certificate that a client showed on the TLS port. */
export function x509Scheme(options: X509Options = {}): AuthScheme {
  const { superUser } = options;
  return {
    name: "x509",
    isAuthenticated: true,
    isValid: isDistinguishedName,
    matches: (id, aclId) => id === aclId || (superUser !== undefined && id === superUser),
    userName: (id) => id,
    authenticate(_auth, { certificateSubject: subject }) {
      if (subject === undefined) return [];
      const ids: Id[] = subject === superUser ? [{ scheme: "super", id: subject }] : [];
      ids.push({ scheme: "x509", id: subject });
      return ids;
    },
  };
}

/** Attribute types that Java's `X500Principal` knows by name; others are written as object identifiers. */
const ATTRIBUTE_NAMES: ReadonlySet<string> = new Set(
  (
    "C CN DC DNQ DNQUALIFIER EMAIL EMAILADDRESS GENERATION GENERATIONQUALIFIER GIVENNAME INITIALS IP L O OU PSEUDONYM S SERIALNUMBER SN ST STREET " +
    "SURNAME T UID TITLE"
  ).split(" "),
);

/** Whether the text is a name as `C=…,O=…,CN=…`: what `X500Principal` takes. Linear in its length. */
export function isDistinguishedName(text: string): boolean {
  if (text.trim() === "") return true;
  let at = 0;
  for (;;) {
    const equals = text.indexOf("=", at);
    if (equals < 0 || !isAttributeType(text.slice(at, equals).trim())) return false;
    const end = valueEnd(text, equals + 1);
    if (end === undefined) return false;
    if (end >= text.length) return true;
    at = end + 1;
  }
}

function isAttributeType(type: string): boolean {
  const bare = /^oid\./i.test(type) ? type.slice(4) : type;
  return /^\d+(?:\.\d+)+$/.test(bare) || ATTRIBUTE_NAMES.has(bare.toUpperCase());
}

/** Where the value that begins here ends: at a separator or the end. Undefined: quotes or escapes are not closed. */
function valueEnd(text: string, from: number): number | undefined {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") {
      at++;
      if (at >= text.length) return undefined;
    } else if (char === '"') {
      quoted = !quoted;
    } else if (!quoted && (char === "," || char === ";" || char === "+")) {
      return at;
    }
  }
  return quoted ? undefined : text.length;
}
