// First: the library's dependency injection looks for it while it loads.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

import { isAddress } from "./is-address.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const VALID_MS = 3650 * DAY_MS;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** All in PEM. */
export interface Certificates {
  readonly ca: string;
  readonly caKey: string;
  readonly certificate: string;
  readonly key: string;
}

/** A new authority and a server certificate of it for `names`, good for ten years from `now` (milliseconds). */
export async function createCertificates(names: readonly string[], now: number): Promise<Certificates> {
  cryptoProvider.set(webcrypto as Crypto);
  const notBefore = new Date(now - 60 * 60 * 1000);
  const notAfter = new Date(now + VALID_MS);
  const caKeys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const serial = (): string => `01${randomBytes(15).toString("hex")}`;
  const caName = `CN=ordinal-ca-${randomBytes(4).toString("hex")}`;
  const ca = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: caName,
    notBefore,
    notAfter,
    signingAlgorithm: ALGORITHM,
    keys: caKeys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(caKeys.publicKey as CryptoKey),
    ],
  });
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: "CN=ordinal-api",
    issuer: caName,
    notBefore,
    notAfter,
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey as CryptoKey,
    signingKey: caKeys.privateKey as CryptoKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1"]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isAddress(value) ? ("ip" as const) : ("dns" as const), value })),
      ),
      await AuthorityKeyIdentifierExtension.create(caKeys.publicKey as CryptoKey),
    ],
  });
  return {
    ca: `${ca.toString("pem")}\n`,
    caKey: await privatePem(caKeys.privateKey),
    certificate: `${certificate.toString("pem")}\n`,
    key: await privatePem(keys.privateKey),
  };
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${bytes.replace(/(.{64})/g, "$1\n")}\n-----END PRIVATE KEY-----\n`;
}
