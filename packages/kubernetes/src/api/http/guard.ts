// Who may speak to the API at all. It listens on loopback, where every page in a browser can reach it: the token keeps
// them out, Host keeps out names that were pointed at loopback (DNS rebinding), Origin keeps out pages that got hold of
// anything a browser adds by itself. No CORS header is ever sent.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

import { StatusError } from "../status-error.ts";

export interface GuardOptions {
  readonly token: string;
  /** Host names and addresses by which the server may be called, beside the loopback ones and `kubernetes…`. */
  readonly hosts?: readonly string[];
}

const LOOPBACK = ["localhost", "[::1]"];
const CLUSTER = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];

export class Guard {
  readonly #token: Buffer;
  readonly #hosts: ReadonlySet<string>;

  constructor(options: GuardOptions) {
    this.#token = digest(options.token);
    this.#hosts = new Set([...LOOPBACK, ...CLUSTER, ...(options.hosts ?? [])]);
  }

  /** Throws 403 for a foreign Host or Origin, then 401 without the token. */
  check(request: IncomingMessage): void {
    const { host, origin } = request.headers;
    if (!this.#knows(host)) {
      throw forbidden(`the Host header ${JSON.stringify(host ?? "")} is not a name of this server`);
    }
    if (origin !== undefined && origin.toLowerCase() !== `https://${(host ?? "").toLowerCase()}`) {
      throw forbidden(`requests from the origin ${JSON.stringify(origin)} are not served`);
    }
    const bearer = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
    if (!timingSafeEqual(digest(bearer), this.#token)) throw new StatusError(401, "Unauthorized", "Unauthorized");
  }

  #knows(host: string | undefined): boolean {
    const match = /^(\[[0-9a-f:]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(host ?? "");
    if (match === null) return false;
    const name = (match[1] ?? "").toLowerCase();
    return /^127(\.\d{1,3}){3}$/.test(name) || this.#hosts.has(name);
  }
}

function forbidden(why: string): StatusError {
  return new StatusError(403, "Forbidden", `Forbidden: ${why}`, {});
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
