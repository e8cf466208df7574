import type { Acl, Id } from "../jute/data-records.ts";
import type { ClientInfo } from "../jute/proto-records.ts";
import type { AuthScheme, ConnectionFacts } from "./auth-scheme.ts";
import { digestScheme, type DigestOptions } from "./digest-scheme.ts";
import { ipScheme } from "./ip-scheme.ts";
import { saslScheme, type SaslOptions } from "./sasl-scheme.ts";
import { x509Scheme, type X509Options } from "./x509-scheme.ts";

// Source: ZooKeeperServer.checkACL, PrepRequestProcessor.fixupACL, ProviderRegistry, AuthUtil.

export interface AccessOptions {
  /** `zookeeper.skipACL`: nobody is refused anything. */
  readonly skipAcl?: boolean;
  /** False (`zookeeper.DigestAuthenticationProvider.enabled=false`): the scheme does not exist. */
  readonly digest?: DigestOptions | false;
  /** There only where a TLS port is configured, as in the original. */
  readonly x509?: X509Options | undefined;
  /** There only with `authProvider.…=org.apache.zookeeper.server.auth.SASLAuthenticationProvider`. */
  readonly sasl?: SaslOptions | undefined;
}

/** How much longer than its request a transaction may become by `auth` entries: other servers read no more than twice a request. */
export const FIXUP_BYTES_MAX = 512 * 1024;

/** What is left of it; shared by the parts of a multi. */
export interface FixupRoom {
  bytes: number;
}

/** The schemes that a server knows, and the rule for who may do what. */
export class AccessControl {
  readonly skipAcl: boolean;
  readonly #schemes = new Map<string, AuthScheme>();

  constructor(options: AccessOptions = {}) {
    this.skipAcl = options.skipAcl ?? false;
    this.#add(ipScheme);
    if (options.digest !== false) this.#add(digestScheme(options.digest));
    if (options.x509 !== undefined) this.#add(x509Scheme(options.x509));
    if (options.sasl !== undefined) this.#add(saslScheme(options.sasl));
  }

  /** The names of the schemes, as the original lists them where a client asks for another. */
  get schemeNames(): string[] {
    return [...this.#schemes.keys()];
  }

  /**
   * An auth packet: the ids that the connection has from now on in addition; undefined: AuthFailed, and the connection ends.
   *
   * @param auth the packet's data, not trusted
   */
  authenticate(scheme: string, auth: Uint8Array | null, connection: ConnectionFacts): readonly Id[] | undefined {
    // Only digest looks at the data, and none is not the same as empty data to it.
    if (auth === null && scheme === "digest") return undefined;
    const ids = this.#schemes.get(scheme)?.authenticate(auth ?? NO_BYTES, connection);
    return ids === undefined || ids.length === 0 ? undefined : ids;
  }

  /**
   * Whether a client with these ids may use any of the permissions `perms` (bits) on a node with this ACL. No ACL, or an
   * empty one, lets everybody.
   */
  allows(acl: readonly Acl[] | null | undefined, perms: number, ids: readonly Id[]): boolean {
    if (this.skipAcl || acl === null || acl === undefined || acl.length === 0) return true;
    const [first] = acl;
    // Nearly every node of nearly every tree: one entry, for the world.
    if (first !== undefined && (first.perms & perms) !== 0 && isWorld(first.id)) return true;
    for (const id of ids) if (id.scheme === "super") return true;
    for (const entry of acl) if ((entry.perms & perms) !== 0 && this.#matches(entry.id, ids)) return true;
    return false;
  }

  /**
   * The ACL of a request as it goes into the transaction: `auth` is replaced by the ids of the caller, what stands there twice
   * is taken once. Undefined: InvalidACL.
   *
   * @param room for what is longer than in the request; a hostile client makes the product of entries and ids large
   */
  fixup(
    acl: readonly Acl[] | null,
    ids: readonly Id[],
    room: FixupRoom = { bytes: FIXUP_BYTES_MAX },
  ): Acl[] | undefined {
    const unique = withoutDuplicates(acl ?? []);
    if (unique.length === 0) return undefined;
    const fixed: Acl[] = [];
    for (const entry of unique) {
      const { scheme, id } = entry.id;
      if (isWorld(entry.id)) {
        fixed.push(entry);
      } else if (scheme === "auth") {
        const callers = ids.filter((caller) => this.#schemes.get(caller.scheme)?.isAuthenticated === true);
        if (callers.length === 0) return undefined;
        for (const caller of callers) {
          room.bytes -= ENTRY_BYTES + Buffer.byteLength(caller.scheme) + Buffer.byteLength(caller.id);
          if (room.bytes < 0) return undefined;
          fixed.push({ perms: entry.perms, id: caller });
        }
      } else {
        if (this.#schemes.get(scheme)?.isValid(id) !== true) return undefined;
        fixed.push(entry);
      }
    }
    return fixed;
  }

  /** What `whoAmI` answers. */
  clientInfos(ids: readonly Id[]): ClientInfo[] {
    return ids.map(({ scheme, id }) => ({
      authScheme: scheme,
      user: this.#schemes.get(scheme)?.userName(id) ?? "",
    }));
  }

  #add(scheme: AuthScheme): void {
    this.#schemes.set(scheme.name, scheme);
  }

  #matches(aclId: Id, ids: readonly Id[]): boolean {
    if (isWorld(aclId)) return true;
    const scheme = this.#schemes.get(aclId.scheme);
    if (scheme === undefined) return false;
    return ids.some((id) => id.scheme === aclId.scheme && scheme.matches(id.id, aclId.id));
  }
}

/** Permissions and two lengths. */
const ENTRY_BYTES = 12;
const NO_BYTES = new Uint8Array(0);

function isWorld(id: Id): boolean {
  return id.scheme === "world" && id.id === "anyone";
}

/** Linear in the number of entries: a request may carry a million of them. */
function withoutDuplicates(acl: readonly Acl[]): readonly Acl[] {
  if (acl.length < 2) return acl;
  const seen = new Set<string>();
  return acl.filter((entry) => {
    const key = `${entry.perms} ${entry.id.scheme.length} ${entry.id.scheme}${entry.id.id}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
