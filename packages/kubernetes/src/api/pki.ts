// The lab's own certificate authority, its server certificate and its token.
import { createPrivateKey, randomBytes, X509Certificate as NodeCertificate } from "node:crypto";
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

import { isAddress } from "./is-address.ts";

export interface Pki {
  /** PEM. Clients trust this one. */
  readonly caCertificate: string;
  /** PEM of the server. */
  readonly certificate: string;
  readonly key: string;
  /** What clients send as bearer token. */
  readonly token: string;
}

export interface PkiOptions {
  /** More names and addresses of the server, beside loopback and `kubernetes…`. */
  readonly names?: readonly string[];
  /** Wall time in milliseconds, for tests of expiry. */
  readonly now?: number;
}

const FILES = { ca: "ca.crt", caKey: "ca.key", certificate: "server.crt", key: "server.key", token: "token" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
/** A certificate is renewed when less than this is left. */
const RENEW_MS = 30 * DAY_MS;
const NAMES = [
  "localhost",
  "127.0.0.1",
  "::1",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
];

/**
 * Reads what `directory` holds, and makes anew what is missing, damaged, about to expire or not for these names. A new
 * authority comes with a new server certificate; the token stays unless it is missing. Files are 0600, the folder 0700.
 */
export async function ensurePki(directory: string, options: PkiOptions = {}): Promise<Pki> {
  const now = options.now ?? Date.now();
  const names = [...new Set([...NAMES, ...(options.names ?? [])])];
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const present = readPki(directory);
  const token = present.token ?? createToken(directory);
  if (present.ca !== undefined && present.certificate !== undefined && present.key !== undefined) {
    if (isGood({ ca: present.ca, certificate: present.certificate, key: present.key }, names, now)) {
      return { caCertificate: present.ca, certificate: present.certificate, key: present.key, token };
    }
  }
  // The library takes its time to load, and is needed once in the life of a home.
  const { createCertificates } = await import("./certificates.ts");
  const made = await createCertificates(names, now);
  writeSecretFile(join(directory, FILES.caKey), made.caKey);
  writeSecretFile(join(directory, FILES.key), made.key);
  writeSecretFile(join(directory, FILES.certificate), made.certificate);
  writeSecretFile(join(directory, FILES.ca), made.ca);
  return { caCertificate: made.ca, certificate: made.certificate, key: made.key, token };
}

type Present = { -readonly [K in "ca" | "certificate" | "key" | "token"]?: string };

function readPki(directory: string): Present {
  const result: Present = {};
  for (const name of ["ca", "certificate", "key", "token"] as const) {
    const path = join(directory, FILES[name]);
    try {
      const text = readFileSync(path, "utf8");
      chmodSync(path, 0o600);
      if (name !== "token") result[name] = text;
      else if (/^[\w-]{32,}$/.test(text.trim())) result.token = text.trim();
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  return result;
}

function isGood(
  files: { ca: string; certificate: string; key: string },
  names: readonly string[],
  now: number,
): boolean {
  try {
    const ca = new NodeCertificate(files.ca);
    const certificate = new NodeCertificate(files.certificate);
    const ends = Math.min(Date.parse(ca.validTo), Date.parse(certificate.validTo));
    const begins = Math.max(Date.parse(ca.validFrom), Date.parse(certificate.validFrom));
    return (
      begins <= now &&
      ends - now > RENEW_MS &&
      certificate.verify(ca.publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(files.key)) &&
      names.every((name) => (isAddress(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined)
    );
  } catch {
    return false;
  }
}

function createToken(directory: string): string {
  const token = randomBytes(32).toString("base64url");
  writeSecretFile(join(directory, FILES.token), `${token}\n`);
  return token;
}

/** Writes a file that only its owner may read, as a whole or not at all. */
export function writeSecretFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const file = openSync(temporary, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
