import type { Disk, Log, Random } from "@ordinal/io";
import { RefusedError } from "@ordinal/kit";

import type { ServerConfig } from "../config/server-config.ts";
import { booleanProperty } from "../config/system-properties.ts";
import type { Id } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import { sessionHex } from "../jute/zxid.ts";
import { digestUsers, parseJaas } from "../processing/jaas.ts";
import { DigestMd5Server } from "../processing/sasl-digest-md5.ts";
import type { Client } from "./client.ts";
import type { SaslExchange, SaslStep } from "./sasl-exchange.ts";

// Source: ZooKeeperServer.processSasl, ServerCnxnFactory.configureSaslLogin, AuthenticationHelper.

const NONCE_BYTES = 32;
const JAAS_BYTES_MAX = 1 << 20;
const SUPER_USER = "zookeeper.superUser";

/** How clients prove who they are beyond auth packets, and who must. */
export class ClientAuthentication {
  readonly #log: Log;
  readonly #random: Random;
  readonly #users: ReadonlyMap<string, string> | undefined;
  readonly #superPassword: string | undefined;
  readonly #superUsers: ReadonlySet<string>;
  readonly #keepsFailed: boolean;
  /** One of these schemes is demanded; empty: none. */
  readonly #demanded: ReadonlySet<string>;

  private constructor(parts: {
    readonly config: ServerConfig;
    readonly log: Log;
    readonly random: Random;
    readonly users: ReadonlyMap<string, string> | undefined;
    readonly demanded: ReadonlySet<string>;
  }) {
    const { properties } = parts.config;
    this.#log = parts.log;
    this.#random = parts.random;
    this.#users = parts.users;
    this.#demanded = parts.demanded;
    this.#superPassword = properties.get("zookeeper.SASLAuthenticationProvider.superPassword");
    const superUsers = [...properties].filter(([name]) => name === SUPER_USER || name.startsWith(`${SUPER_USER}.`));
    this.#superUsers = new Set(superUsers.map(([, value]) => value));
    this.#keepsFailed = booleanProperty(properties, "zookeeper.allowSaslFailedClients", false);
  }

  /**
   * Reads the login configuration that the properties name. A `RefusedError` says what is wrong with it, or that a scheme is
   * demanded which this server does not have.
   *
   * @param schemes those that `AccessControl` knows
   */
  static async load(parts: {
    readonly config: ServerConfig;
    readonly disk: Disk;
    readonly log: Log;
    readonly random: Random;
    readonly schemes: readonly string[];
  }): Promise<ClientAuthentication> {
    const { config, disk, schemes } = parts;
    const demanded = demandedSchemes(config);
    for (const scheme of demanded) {
      if (schemes.includes(scheme)) continue;
      throw new RefusedError("NO_SUCH_SCHEME", `Authentication scheme ${scheme} is not available.`);
    }
    const users = config.loginConfig === undefined ? undefined : await readUsers(disk, config, config.loginConfig);
    return new ClientAuthentication({ ...parts, users, demanded });
  }

  /** Whether the client may ask anything; if not it is told so and its connection ends. */
  mayAsk(client: Client): boolean {
    if (this.#demanded.size === 0) return true;
    if (client.authInfo.some(({ scheme }) => this.#demanded.has(scheme))) return true;
    this.#log.error("authentication-demanded", {
      message:
        `Client authentication scheme(s) [${client.authInfo.map(({ scheme }) => scheme).join(", ")}] does not match with any of the ` +
        `expected authentication scheme [${[...this.#demanded].join(", ")}], closing session.`,
      client: client.remoteText,
    });
    return false;
  }

  /** The SASL exchange of one connection. Without a login configuration every token is answered with nothing, as in the original. */
  beginSasl(client: Client): SaslExchange {
    if (this.#users === undefined) {
      return {
        evaluate: () => {
          const message = "cnxn.saslServer is null: cnxn object did not initialize its saslServer properly.";
          this.#log.warn("no-sasl", { message, client: client.remoteText });
          return {};
        },
      };
    }
    const nonce = Buffer.from(this.#random.bytes(NONCE_BYTES)).toString("base64");
    const server = new DigestMd5Server({ users: this.#users, superPassword: this.#superPassword, nonce });
    return {
      evaluate: (token) => {
        const step = server.evaluate(token);
        if (step.kind === "failed") return this.#failed(client, step.reason);
        if (step.kind === "continue") return { token: step.token };
        return { token: step.token, ids: this.#idsOf(step.user, client) };
      },
    };
  }

  #idsOf(user: string, client: Client): readonly Id[] {
    const session = `Session 0x${sessionHex(client.sessionId)}`;
    this.#log.info("sasl-success", { message: `${session}: adding SASL authorization for authorizationID: ${user}` });
    const id = { scheme: "sasl", id: user };
    if (!this.#superUsers.has(user)) return [id];
    this.#log.info("sasl-super-user", { message: `${session}: Authenticated Id '${user}' as super user` });
    return [id, { scheme: "super", id: "" }];
  }

  #failed(client: Client, reason: string): SaslStep {
    this.#log.warn("sasl-failed", {
      message: `Client ${client.remoteText} failed to SASL authenticate: ${reason}`,
    });
    const isDemanded = this.#demanded.has("sasl");
    if (this.#keepsFailed && !isDemanded) {
      this.#log.warn("sasl-failed-client-stays", {
        message: "Maintaining client connection despite SASL authentication failure.",
      });
      return {};
    }
    this.#log.warn("sasl-failed-client-goes", {
      message: isDemanded
        ? "Closing client connection due to server requires client SASL authentication, but client SASL authentication has failed, or client is not configured with SASL authentication."
        : "Closing client connection due to SASL authentication failure.",
    });
    return { error: isDemanded ? ErrorCode.sessionClosedRequireSaslAuth : ErrorCode.authFailed };
  }
}

function demandedSchemes({ properties }: ServerConfig): ReadonlySet<string> {
  if (booleanProperty(properties, "zookeeper.sessionRequireClientSASLAuth", false)) return new Set(["sasl"]);
  if (!booleanProperty(properties, "zookeeper.enforce.auth.enabled", false)) return new Set();
  const schemes = (properties.get("zookeeper.enforce.auth.schemes") ?? "").split(",").map((scheme) => scheme.trim());
  const named = new Set(schemes.filter((scheme) => scheme !== ""));
  if (named.size > 0) return named;
  throw new RefusedError(
    "NO_SCHEMES",
    "zookeeper.enforce.auth.enabled is true zookeeper.enforce.auth.schemes must be configured.",
  );
}

/** Undefined where the file has nothing to say of the server: it then runs without SASL, as the original. */
async function readUsers(
  disk: Disk,
  config: ServerConfig,
  path: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const section = config.properties.get("zookeeper.sasl.serverconfig") ?? "Server";
  const file = await disk.open(path, "read");
  let text: string;
  try {
    text = new TextDecoder().decode(await file.read(0, JAAS_BYTES_MAX));
  } finally {
    await file.close();
  }
  const sections = parseJaas(text);
  if (!sections.has(section)) return undefined;
  const users = digestUsers(sections, section);
  if (users !== undefined) return users;
  throw new RefusedError(
    "NO_LOGIN_SECTION",
    `The JAAS configuration section named '${section}' in '${path}' has no DigestLoginModule; no other is supported.`,
  );
}
