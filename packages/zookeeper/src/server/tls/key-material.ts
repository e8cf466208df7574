import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

import { explainSystemError, type Disk } from "@ordinal/io";
import { RefusedError } from "@ordinal/kit";

import { readJks } from "./jks.ts";
import { type KeyStoreContents, readPkcs12 } from "./pkcs12.ts";

// Source: org.apache.zookeeper.common.X509Util, KeyStoreFileType, PEMFileLoader.

const FILE_BYTES_MAX = 4 * 1024 * 1024;
const TYPES: ReadonlyMap<string, string> = new Map([
  ["jks", "JKS"],
  ["pem", "PEM"],
  ["p12", "PKCS12"],
  ["pfx", "PKCS12"],
  ["bcfks", "BCFKS"],
]);

/** A store of keys or trusted certificates, as the properties `ssl.keyStore.*` and `ssl.trustStore.*` name it. */
export interface StoreSettings {
  readonly location: string;
  readonly password: string;
  /** JKS, PEM, PKCS12, in any case; undefined or empty: by the end of the file's name. */
  readonly type: string | undefined;
}

/** All as PEM. */
export interface KeyMaterial {
  readonly key: string;
  /** The key's own certificate first. */
  readonly chain: string;
}

/** The key that a server shows itself by. A `RefusedError` names the file, what is wrong with it and what to do. */
export async function loadKey(disk: Disk, settings: StoreSettings): Promise<KeyMaterial> {
  return explained(settings, async () => {
    const bytes = await readFile(disk, settings.location);
    if (typeOf(settings) === "PEM") return keyOfPem(Buffer.from(bytes).toString("utf8"), settings.password);
    const { keys, certificates } = contentsOf(settings, bytes);
    const [der] = keys;
    if (der === undefined) throw new RefusedError("BAD_KEY_STORE", "it holds no private key");
    const key = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
    const all = certificates.map((certificate) => new X509Certificate(certificate));
    const own = all.find((certificate) => certificate.checkPrivateKey(key));
    if (own === undefined) throw new RefusedError("BAD_KEY_STORE", "it holds no certificate of its key");
    const chain = [own, ...all.filter((certificate) => certificate !== own)];
    return {
      key: key.export({ format: "pem", type: "pkcs8" }).toString(),
      chain: chain.map(String).join(""),
    };
  });
}

/** The certificates of those who may sign for the other side, as PEM. */
export async function loadTrusted(disk: Disk, settings: StoreSettings): Promise<string[]> {
  return explained(settings, async () => {
    const bytes = await readFile(disk, settings.location);
    const trusted =
      typeOf(settings) === "PEM"
        ? certificatesOfPem(Buffer.from(bytes).toString("utf8"))
        : contentsOf(settings, bytes).certificates.map((certificate) => new X509Certificate(certificate).toString());
    if (trusted.length === 0) throw new RefusedError("BAD_KEY_STORE", "it holds no certificate");
    return trusted;
  });
}

function typeOf({ location, type }: StoreSettings): string {
  if (type !== undefined && type !== "") return type.toUpperCase();
  const found = TYPES.get(location.slice(location.lastIndexOf(".") + 1).toLowerCase());
  if (found !== undefined) return found;
  throw new RefusedError("BAD_KEY_STORE", "its name ends in none of .jks, .pem, .p12; say its type (ssl.…Store.type)");
}

function contentsOf(settings: StoreSettings, bytes: Uint8Array): KeyStoreContents {
  const type = typeOf(settings);
  if (type === "PKCS12") return readPkcs12(bytes, settings.password);
  if (type === "JKS") {
    // What recent versions of keytool call JKS is PKCS12 most of the time; Java itself takes either for the other.
    return bytes[0] === 0x30 ? readPkcs12(bytes, settings.password) : readJks(bytes, settings.password);
  }
  throw new RefusedError(
    "BAD_KEY_STORE",
    `its type ${type} is not supported; convert it: keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12`,
  );
}

function keyOfPem(text: string, password: string): KeyMaterial {
  const key = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )*PRIVATE KEY-----/.exec(text)?.[0];
  if (key === undefined) throw new RefusedError("BAD_KEY_STORE", "it holds no private key");
  const chain = certificatesOfPem(text);
  if (chain.length === 0) throw new RefusedError("BAD_KEY_STORE", "it holds no certificate");
  let parsed: KeyObject;
  try {
    parsed = createPrivateKey({ key, format: "pem", ...(password !== "" && { passphrase: password }) });
  } catch (error) {
    throw new RefusedError("BAD_KEY_STORE", "its private key cannot be read; is the password right?", { cause: error });
  }
  return { key: parsed.export({ format: "pem", type: "pkcs8" }).toString(), chain: `${chain.join("\n")}\n` };
}

function certificatesOfPem(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
}

async function readFile(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, "read");
  try {
    return await file.read(0, FILE_BYTES_MAX);
  } finally {
    await file.close();
  }
}

async function explained<T>({ location }: StoreSettings, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const isSystems = error instanceof Error && "syscall" in error;
    const reason = isSystems ? explainSystemError(error, "read it") : error instanceof Error ? error.message : "";
    throw new RefusedError("BAD_KEY_STORE", `the key store ${location} cannot be used: ${reason}`, { cause: error });
  }
}
