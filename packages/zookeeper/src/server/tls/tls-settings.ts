import type { Disk } from "@ordinal/io";
import { RefusedError } from "@ordinal/kit";

import { booleanProperty, type SystemProperties } from "../../config/system-properties.ts";
import { type KeyMaterial, loadKey, loadTrusted, type StoreSettings } from "./key-material.ts";

// Source: org.apache.zookeeper.common.X509Util, ClientX509Util, SSLContextAndOptions.

/** What either side of a TLS connection shows, trusts and speaks. */
export interface TlsSide {
  readonly key: KeyMaterial | undefined;
  /** PEM; undefined: the authorities that the runtime trusts. */
  readonly trusted: readonly string[] | undefined;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  readonly maxVersion: "TLSv1.2" | "TLSv1.3";
  /** By OpenSSL's names, separated by colons; undefined: the runtime's. */
  readonly ciphers: string | undefined;
}

/** What the TLS port shows, trusts and speaks. */
export interface TlsSettings extends TlsSide {
  readonly key: KeyMaterial;
  readonly clientAuth: "none" | "want" | "need";
}

const PREFIX = "zookeeper.ssl.";
/** Checks that need a network of their own, or the name of a client. */
const NOT_SUPPORTED = ["crl", "ocsp", "clientHostnameVerification"];

/** Reads the properties `zookeeper.ssl.*` and the files they name. A `RefusedError` says what is missing or wrong. */
export async function loadTlsSettings(disk: Disk, properties: SystemProperties): Promise<TlsSettings> {
  for (const name of NOT_SUPPORTED) {
    if (!booleanProperty(properties, PREFIX + name, false)) continue;
    throw new RefusedError("NOT_SUPPORTED", `ssl.${name}=true is not supported; leave it out`);
  }
  const side = await loadTlsSide(disk, properties);
  if (side.key === undefined) {
    throw new RefusedError(
      "NO_KEY_STORE",
      "a secure client port needs ssl.keyStore.location (a PEM, PKCS12 or JKS file)",
    );
  }
  return { ...side, key: side.key, clientAuth: clientAuthOf(properties) };
}

/** As `loadTlsSettings`, for servers and clients: a client need not have a key. */
export async function loadTlsSide(disk: Disk, properties: SystemProperties): Promise<TlsSide> {
  const keyStore = await storeSettings(disk, properties, "keyStore");
  const trustStore = await storeSettings(disk, properties, "trustStore");
  const versions = protocolsOf(properties);
  return {
    key: keyStore === undefined ? undefined : await loadKey(disk, keyStore),
    trusted: trustStore === undefined ? undefined : await loadTrusted(disk, trustStore),
    minVersion: versions.has("TLSv1.2") ? "TLSv1.2" : "TLSv1.3",
    maxVersion: versions.has("TLSv1.3") ? "TLSv1.3" : "TLSv1.2",
    ciphers: ciphersOf(properties.get(`${PREFIX}ciphersuites`)),
  };
}

async function storeSettings(
  disk: Disk,
  properties: SystemProperties,
  which: "keyStore" | "trustStore",
): Promise<StoreSettings | undefined> {
  const get = (name: string): string | undefined => properties.get(`${PREFIX}${which}.${name}`);
  const location = get("location");
  if (location === undefined || location === "") return undefined;
  const passwordPath = get("passwordPath");
  const password = passwordPath === undefined ? (get("password") ?? "") : await readPassword(disk, passwordPath);
  return { location, password, type: get("type") };
}

/** The first line of the file. */
async function readPassword(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, "read");
  try {
    const text = new TextDecoder().decode(await file.read(0, 4096));
    return text.split(/\r?\n/, 1)[0] ?? "";
  } finally {
    await file.close();
  }
}

function clientAuthOf(properties: SystemProperties): TlsSettings["clientAuth"] {
  const value = (properties.get(`${PREFIX}clientAuth`) ?? "need").trim().toLowerCase();
  if (value === "none" || value === "want" || value === "need") return value;
  throw new RefusedError("BAD_SETTING", `ssl.clientAuth is none, want or need, not ${value}`);
}

function protocolsOf(properties: SystemProperties): ReadonlySet<string> {
  const only = properties.get(`${PREFIX}enabledProtocols`) ?? properties.get(`${PREFIX}protocol`);
  const versions = new Set((only ?? "TLSv1.3,TLSv1.2").split(",").map((version) => version.trim()));
  if (versions.has("TLS")) return new Set(["TLSv1.2", "TLSv1.3"]);
  for (const version of versions) {
    if (version === "TLSv1.2" || version === "TLSv1.3") continue;
    throw new RefusedError(
      "BAD_SETTING",
      `${version} is not supported; ssl.enabledProtocols takes TLSv1.2 and TLSv1.3`,
    );
  }
  return versions;
}

/** Java's names of cipher suites as OpenSSL's. */
export function ciphersOf(javaNames: string | undefined): string | undefined {
  if (javaNames === undefined || javaNames.trim() === "") return undefined;
  return javaNames
    .split(",")
    .map((name) => opensslCipher(name.trim()))
    .join(":");
}

function opensslCipher(name: string): string {
  if (/^TLS_(?:AES|CHACHA20)_/.test(name)) return name; // of TLS 1.3: the same names
  const match = /^TLS_(?:(ECDHE|DHE)_)?(RSA|ECDSA)_WITH_(.+)$/.exec(name);
  const [, exchange, signature = "", suite = ""] = match ?? [];
  const cipher = opensslSuite(suite);
  if (match === null || cipher === undefined) {
    throw new RefusedError("BAD_SETTING", `the cipher suite ${name} of ssl.ciphersuites is not supported`);
  }
  return exchange === undefined ? cipher : `${exchange}-${signature}-${cipher}`;
}

function opensslSuite(suite: string): string | undefined {
  if (suite === "CHACHA20_POLY1305_SHA256") return "CHACHA20-POLY1305";
  const [, bits, mode, hash] = /^AES_(128|256)_(GCM|CBC)_(SHA(?:256|384)?)$/.exec(suite) ?? [];
  if (bits === undefined) return undefined;
  return mode === "GCM" ? `AES${bits}-GCM-${hash}` : `AES${bits}-${hash}`;
}
