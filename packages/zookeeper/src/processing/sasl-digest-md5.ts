import { createHash } from "node:crypto";

// Source: RFC 2831, quality of protection "auth" only, as the JDK's DIGEST-MD5 mechanism speaks it.

const PROTOCOL = "zookeeper";
const SERVER_NAME = "zk-sasl-md5";
const TOKEN_BYTES_MAX = 4096;

/** What became of a token. */
export type SaslStep =
  /** Send the token; not done yet. */
  | { readonly kind: "continue"; readonly token: Uint8Array }
  /** Send the token; the client is this user. */
  | { readonly kind: "done"; readonly token: Uint8Array; readonly user: string }
  | { readonly kind: "failed"; readonly reason: string };

export interface DigestMd5ServerParts {
  /** Passwords by user; see `digestUsers`. */
  readonly users: ReadonlyMap<string, string>;
  /** `zookeeper.SASLAuthenticationProvider.superPassword`: that of the user `super`, whatever the file says. */
  readonly superPassword?: string | undefined;
  /** Fresh for every exchange, not to be guessed: 32 random bytes or more in base64. */
  readonly nonce: string;
}

/** The server's half of one exchange: a challenge for the empty token, then a verdict on the response. */
export class DigestMd5Server {
  readonly #parts: DigestMd5ServerParts;
  #state: "new" | "challenged" | "ended" = "new";

  constructor(parts: DigestMd5ServerParts) {
    this.#parts = parts;
  }

  evaluate(token: Uint8Array): SaslStep {
    if (this.#state === "new") {
      if (token.length > 0) return this.#fail("DIGEST-MD5 must not have an initial response");
      this.#state = "challenged";
      const challenge = `realm="${SERVER_NAME}",nonce="${this.#parts.nonce}",charset=utf-8,algorithm=md5-sess`;
      return { kind: "continue", token: Buffer.from(challenge) };
    }
    if (this.#state === "ended") return this.#fail("the exchange has ended");
    return this.#verify(token);
  }

  #verify(token: Uint8Array): SaslStep {
    const fields = parseDirectives(token);
    if (fields === undefined) return this.#fail("the response cannot be read");
    const get = (name: string): string => fields.get(name) ?? "";
    const user = get("username");
    const uri = get("digest-uri");
    if (user === "" || get("cnonce") === "" || get("response") === "") return this.#fail("the response lacks a field");
    if (get("nonce") !== this.#parts.nonce) return this.#fail("nonce from response does not match");
    if (get("nc") !== "00000001") return this.#fail("nonce count does not match");
    if ((fields.get("qop") ?? "auth") !== "auth") return this.#fail("unsupported qop");
    if (!isOurUri(uri)) return this.#fail(`digest-uri does not match: ${PROTOCOL}/${SERVER_NAME}`);
    const { users, superPassword } = this.#parts;
    const password = user === "super" && superPassword !== undefined ? superPassword : users.get(user);
    if (password === undefined || (user === "super" && !users.has(user))) {
      return this.#fail(`no password is known for ${JSON.stringify(user)}`);
    }
    const facts = {
      user,
      password,
      realm: get("realm"),
      nonce: get("nonce"),
      cnonce: get("cnonce"),
      nc: get("nc"),
      uri,
      authzid: fields.get("authzid"),
    };
    if (!isSameText(responseValue(facts, "AUTHENTICATE"), get("response"))) {
      return this.#fail("digest response format violation. Mismatched response.");
    }
    this.#state = "ended";
    return { kind: "done", token: Buffer.from(`rspauth=${responseValue(facts, "")}`), user };
  }

  #fail(reason: string): SaslStep {
    this.#state = "ended";
    return { kind: "failed", reason };
  }
}

export interface DigestMd5ClientParts {
  readonly username: string;
  readonly password: string;
  /** Fresh for every exchange: 32 random bytes or more in base64. */
  readonly cnonce: string;
}

/** The client's half of one exchange. It begins with an empty token. */
export class DigestMd5Client {
  readonly #parts: DigestMd5ClientParts;
  #expected: string | undefined;

  constructor(parts: DigestMd5ClientParts) {
    this.#parts = parts;
  }

  /** What to say to a token of the server. */
  evaluate(token: Uint8Array): SaslStep {
    const fields = parseDirectives(token);
    if (fields === undefined) return { kind: "failed", reason: "the challenge cannot be read" };
    return this.#expected === undefined ? this.#respond(fields) : this.#conclude(fields, this.#expected);
  }

  #respond(fields: ReadonlyMap<string, string>): SaslStep {
    const { username, password, cnonce } = this.#parts;
    const nonce = fields.get("nonce");
    if (nonce === undefined || fields.get("algorithm") !== "md5-sess") {
      return { kind: "failed", reason: "the challenge lacks a nonce or the algorithm md5-sess" };
    }
    const realm = fields.get("realm") ?? "";
    const uri = `${PROTOCOL}/${SERVER_NAME}`;
    const nc = "00000001";
    const facts = { user: username, password, realm, nonce, cnonce, nc, uri, authzid: username };
    this.#expected = responseValue(facts, "");
    const response =
      `charset=utf-8,username="${escaped(username)}",realm="${escaped(realm)}",nonce="${escaped(nonce)}",nc=${nc},` +
      `cnonce="${cnonce}",digest-uri="${uri}",maxbuf=65536,response=${responseValue(facts, "AUTHENTICATE")},qop=auth,` +
      `authzid="${escaped(username)}"`;
    return { kind: "continue", token: Buffer.from(response) };
  }

  #conclude(fields: ReadonlyMap<string, string>, expected: string): SaslStep {
    if (!isSameText(fields.get("rspauth") ?? "", expected)) {
      return { kind: "failed", reason: "the server does not know the password" };
    }
    return { kind: "done", token: new Uint8Array(0), user: this.#parts.username };
  }
}

interface ResponseFacts {
  readonly user: string;
  readonly password: string;
  readonly realm: string;
  readonly nonce: string;
  readonly cnonce: string;
  readonly nc: string;
  readonly uri: string;
  readonly authzid: string | undefined;
}

/** @param method AUTHENTICATE for what the client proves, empty for what the server proves */
function responseValue(facts: ResponseFacts, method: string): string {
  const { user, realm, password, nonce, cnonce, nc, uri, authzid } = facts;
  const colon = Buffer.from(":");
  const secret = md5(Buffer.concat([hashed(user), colon, hashed(realm), colon, hashed(password)]));
  const session = `:${nonce}:${cnonce}${authzid === undefined ? "" : `:${authzid}`}`;
  const a1 = md5(Buffer.concat([secret, Buffer.from(session)])).toString("hex");
  const a2 = md5(Buffer.from(`${method}:${uri}`)).toString("hex");
  return md5(Buffer.from(`${a1}:${nonce}:${nc}:${cnonce}:auth:${a2}`)).toString("hex");
}

/** Names that fit ISO 8859-1 are hashed in it, whatever the charset of the exchange. */
function hashed(text: string): Buffer {
  // oxlint-disable-next-line no-control-regex -- the whole range is meant
  return Buffer.from(text, /^[\u0000-\u00ff]*$/.test(text) ? "latin1" : "utf8");
}

function md5(bytes: Uint8Array): Buffer {
  return createHash("md5").update(bytes).digest();
}

function isOurUri(uri: string): boolean {
  return uri.toLowerCase() === `${PROTOCOL}/${SERVER_NAME}`;
}

/** Goes through all of both, so that time does not tell how much of a guess was right. */
function isSameText(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at % (other.length || 1));
  return difference === 0;
}

function escaped(text: string): string {
  return text.replaceAll(/["\\]/g, String.raw`\$&`);
}

const DIRECTIVE = /[\s,]*([\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[\s\S])*)"|([^\s",]*))[ \t]*(?=,|$)/y;

/** `name=value` and `name="value"` by name, or undefined where that is not what it is or a name is there twice. */
function parseDirectives(token: Uint8Array): Map<string, string> | undefined {
  if (token.length > TOKEN_BYTES_MAX) return undefined;
  const text = Buffer.from(token).toString("utf8");
  const fields = new Map<string, string>();
  for (let at = 0; at < text.length;) {
    DIRECTIVE.lastIndex = at;
    const match = DIRECTIVE.exec(text);
    if (match === null) return /^[\s,]*$/.test(text.slice(at)) ? fields : undefined;
    const [whole, name = "", quoted, bare = ""] = match;
    const key = name.toLowerCase();
    if (fields.has(key)) return undefined;
    fields.set(key, quoted === undefined ? bare : quoted.replaceAll(/\\([\s\S])/g, "$1"));
    at += whole.length;
  }
  return fields;
}
