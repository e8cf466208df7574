import { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";

import { RefusedError } from "@ordinal/kit";

import { child, type DerElement, integerOf, octetsOf, oidOf, readDer, readDerList, Tag } from "./der.ts";

// Source: RFC 7292 (PKCS #12), RFC 8018 (PBES2).

export interface KeyStoreContents {
  /** PKCS #8, DER. */
  readonly keys: readonly Uint8Array[];
  /** X.509, DER. */
  readonly certificates: readonly Uint8Array[];
}

const OID_DATA = "1.2.840.113549.1.7.1";
const OID_ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
const OID_KEY_BAG = "1.2.840.113549.1.12.10.1.1";
const OID_SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
const OID_CERT_BAG = "1.2.840.113549.1.12.10.1.3";
const OID_PBES2 = "1.2.840.113549.1.5.13";
const OID_PBE_SHA_3DES = "1.2.840.113549.1.12.1.3";
const OID_PBE_SHA_RC2_40 = "1.2.840.113549.1.12.1.6";
const HASHES: ReadonlyMap<string, string> = new Map([
  ["1.3.14.3.2.26", "sha1"],
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
]);
const PRFS: ReadonlyMap<string, string> = new Map([
  ["1.2.840.113549.2.7", "sha1"],
  ["1.2.840.113549.2.9", "sha256"],
  ["1.2.840.113549.2.10", "sha384"],
  ["1.2.840.113549.2.11", "sha512"],
]);
const CIPHERS: ReadonlyMap<string, { readonly name: string; readonly keyBytes: number }> = new Map([
  ["2.16.840.1.101.3.4.1.2", { name: "aes-128-cbc", keyBytes: 16 }],
  ["2.16.840.1.101.3.4.1.22", { name: "aes-192-cbc", keyBytes: 24 }],
  ["2.16.840.1.101.3.4.1.42", { name: "aes-256-cbc", keyBytes: 32 }],
  ["1.2.840.113549.3.7", { name: "des-ede3-cbc", keyBytes: 24 }],
]);
const ITERATIONS_MAX = 1_000_000;
/** What a key made here is for: RFC 7292, appendix B.3. */
const PURPOSE = { key: 1, iv: 2, mac: 3 } as const;

/** What a PKCS #12 file holds. A `RefusedError` where the password is wrong or something in it is not supported. */
export function readPkcs12(file: Uint8Array, password: string): KeyStoreContents {
  const pfx = readDerList(readDer(file).content);
  const [, authSafe, macData] = pfx;
  if (authSafe === undefined || oidOf(child(authSafe, 0)) !== OID_DATA) throw refused("it is not a PKCS #12 file");
  const safe = octetsOf(child(child(authSafe, 1), 0));
  if (macData !== undefined) verifyMac(macData, safe, password);
  const keys: Uint8Array[] = [];
  const certificates: Uint8Array[] = [];
  for (const info of readDerList(readDer(safe).content)) {
    for (const bag of readDerList(readDer(contentOf(info, password)).content)) {
      const type = oidOf(child(bag, 0));
      const value = child(child(bag, 1), 0);
      if (type === OID_CERT_BAG) certificates.push(octetsOf(child(child(value, 1), 0)));
      else if (type === OID_KEY_BAG) keys.push(value.whole);
      else if (type === OID_SHROUDED_KEY_BAG) {
        keys.push(decrypt(child(value, 0), octetsOf(child(value, 1)), password));
      }
    }
  }
  return { keys, certificates };
}

function contentOf(info: DerElement, password: string): Uint8Array {
  const type = oidOf(child(info, 0));
  const content = child(child(info, 1), 0);
  if (type === OID_DATA) return octetsOf(content);
  if (type !== OID_ENCRYPTED_DATA) throw refused(`its content ${type} is not supported`);
  const encrypted = child(content, 1);
  return decrypt(child(encrypted, 1), child(encrypted, 2).content, password);
}

function verifyMac(macData: DerElement, safe: Uint8Array, password: string): void {
  const digestInfo = child(macData, 0);
  const hash = HASHES.get(oidOf(child(child(digestInfo, 0), 0)));
  if (hash === undefined) throw refused("its MAC uses a hash that is not supported");
  const expected = octetsOf(child(digestInfo, 1));
  const salt = octetsOf(child(macData, 1));
  const third = readDerList(macData.content)[2];
  const iterations = third === undefined ? 1 : boundedIterations(third);
  const key = pkcs12Key(hash, password, salt, iterations, PURPOSE.mac, expected.length);
  const actual = createHmac(hash, key).update(safe).digest();
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) throw refused("the password is wrong");
}

function decrypt(algorithm: DerElement, bytes: Uint8Array, password: string): Uint8Array {
  const type = oidOf(child(algorithm, 0));
  if (type === OID_PBES2) return decryptPbes2(child(algorithm, 1), bytes, password);
  if (type === OID_PBE_SHA_3DES) {
    const salt = octetsOf(child(child(algorithm, 1), 0));
    const iterations = boundedIterations(child(child(algorithm, 1), 1));
    const key = pkcs12Key("sha1", password, salt, iterations, PURPOSE.key, 24);
    const iv = pkcs12Key("sha1", password, salt, iterations, PURPOSE.iv, 8);
    return decipher("des-ede3-cbc", key, iv, bytes);
  }
  const name = type === OID_PBE_SHA_RC2_40 ? "RC2 with 40 bits" : type;
  throw refused(
    `it is encrypted with ${name}, which is not supported; import it into a new PKCS12 file with a recent keytool`,
  );
}

function decryptPbes2(parameters: DerElement, bytes: Uint8Array, password: string): Uint8Array {
  const derivation = child(child(parameters, 0), 1);
  const scheme = child(parameters, 1);
  const cipher = CIPHERS.get(oidOf(child(scheme, 0)));
  if (cipher === undefined) throw refused(`its cipher ${oidOf(child(scheme, 0))} is not supported`);
  const [salt, iterations, ...more] = readDerList(derivation.content);
  if (salt === undefined || iterations === undefined) throw refused("its key derivation is not supported");
  const prf = more.find(({ tag }) => tag === Tag.sequence);
  const hash = prf === undefined ? "sha1" : PRFS.get(oidOf(child(prf, 0)));
  if (hash === undefined) throw refused("its key derivation is not supported");
  const key = pbkdf2Sync(password, octetsOf(salt), boundedIterations(iterations), cipher.keyBytes, hash);
  return decipher(cipher.name, key, octetsOf(child(scheme, 1)), bytes);
}

function decipher(name: string, key: Uint8Array, iv: Uint8Array, bytes: Uint8Array): Uint8Array {
  try {
    const cipher = createDecipheriv(name, key, iv);
    return Buffer.concat([cipher.update(bytes), cipher.final()]);
  } catch {
    throw refused("the password is wrong");
  }
}

/** RFC 7292, appendix B.2. */
function pkcs12Key(
  hash: string,
  password: string,
  salt: Uint8Array,
  iterations: number,
  purpose: number,
  length: number,
): Uint8Array {
  const block = hash === "sha384" || hash === "sha512" ? 128 : 64;
  const secret = Buffer.from(`${password}\0`, "utf16le").swap16();
  const diversifier = Buffer.alloc(block, purpose);
  const fill = (bytes: Uint8Array): Buffer =>
    bytes.length === 0 ? Buffer.alloc(0) : Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
  const input = Buffer.concat([fill(salt), fill(secret)]);
  const parts: Buffer[] = [];
  for (let have = 0; have < length;) {
    let digest = createHash(hash).update(diversifier).update(input).digest();
    for (let round = 1; round < iterations; round++) digest = createHash(hash).update(digest).digest();
    parts.push(digest);
    have += digest.length;
    const addend = Buffer.alloc(block, digest);
    for (let at = 0; at < input.length; at += block) addOnePlus(input.subarray(at, at + block), addend);
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** number += addend + 1, modulo its size. */
function addOnePlus(number: Buffer, addend: Buffer): void {
  let carry = 1;
  for (let at = number.length - 1; at >= 0; at--) {
    const sum = (number[at] ?? 0) + (addend[at] ?? 0) + carry;
    number[at] = sum & 0xff;
    carry = sum >> 8;
  }
}

function boundedIterations(element: DerElement): number {
  const iterations = integerOf(element);
  if (iterations < 1 || iterations > ITERATIONS_MAX) throw refused(`it asks for ${iterations} iterations`);
  return iterations;
}

function refused(message: string): RefusedError {
  return new RefusedError("BAD_KEY_STORE", message);
}
