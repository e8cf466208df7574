import { readFile } from "node:fs/promises";

import { realDisk, realRandom, realResolver, realClock } from "@ordinal/io";

import { booleanProperty, integerProperty, type SystemProperties } from "../config/system-properties.ts";
import type { SaslMechanism } from "./client-ports.ts";
import type { ClientOptions } from "./zookeeper-client.ts";

// Sources: org.apache.zookeeper.client.ZKClientConfig, ClientX509Util, ZooKeeperSaslClient, Login.

/** Random bytes of a SASL exchange. */
const CNONCE_BYTES = 32;

/**
 * What the original's properties say of a client: `zookeeper.client.secure`, `zookeeper.ssl.*`, `zookeeper.sasl.*`,
 * `java.security.auth.login.config`, `zookeeper.request.timeout`, `zookeeper.disableAutoWatchReset`, `jute.maxbuffer`. Code for
 * TLS and SASL is read only when it is asked for. A `RefusedError` or `ConfigError` says what is wrong.
 */
export async function optionsOf(properties: SystemProperties): Promise<Partial<ClientOptions>> {
  const frameBytesMax = integerProperty(properties, "jute.maxbuffer", 0);
  const isSecure = booleanProperty(properties, "zookeeper.client.secure", false);
  const login = await saslLogin(properties);
  return {
    requestTimeoutMs: integerProperty(properties, "zookeeper.request.timeout", 0),
    isWatchResetDisabled: booleanProperty(properties, "zookeeper.disableAutoWatchReset", false),
    ...(frameBytesMax > 0 && { frameBytesMax }),
    ...(isSecure && { ports: await securePorts(properties) }),
    ...(login !== undefined && { makeSasl: () => digestMd5(login) }),
  };
}

async function securePorts(properties: SystemProperties): Promise<ClientOptions["ports"]> {
  const { loadTlsSide } = await import("../server/tls/tls-settings.ts");
  const { tlsNet } = await import("./tls-net.ts");
  const side = await loadTlsSide(realDisk, properties);
  const verifiesHost = booleanProperty(properties, "zookeeper.ssl.hostnameVerification", true);
  return { net: tlsNet(side, verifiesHost), clock: realClock, random: realRandom, resolver: realResolver };
}

interface Login {
  readonly username: string;
  readonly password: string;
}

/** From the section of the login file that is the client's; undefined where there is none: no SASL then. */
async function saslLogin(properties: SystemProperties): Promise<Login | undefined> {
  const file = properties.get("java.security.auth.login.config");
  if (file === undefined || !booleanProperty(properties, "zookeeper.sasl.client", true)) return undefined;
  const { digestLogin, parseJaas } = await import("../processing/jaas.ts");
  const section = properties.get("zookeeper.sasl.clientconfig") ?? "Client";
  return digestLogin(parseJaas(await readFile(file, "utf8")), section);
}

/** One exchange; a new one for every connection. */
export async function digestMd5(login: Login): Promise<SaslMechanism> {
  const { DigestMd5Client } = await import("../processing/sasl-digest-md5.ts");
  const cnonce = Buffer.from(realRandom.bytes(CNONCE_BYTES)).toString("base64");
  const client = new DigestMd5Client({ ...login, cnonce });
  let isComplete = false;
  return {
    start: () => new Uint8Array(0),
    next(token) {
      const step = client.evaluate(token);
      if (step.kind === "failed") throw new Error(step.reason);
      if (step.kind === "continue") return step.token;
      isComplete = true;
      return undefined;
    },
    get isComplete() {
      return isComplete;
    },
  };
}
