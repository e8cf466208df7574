import { createHash } from "node:crypto";

import { ByteReader, RefusedError } from "@ordinal/kit";

import { child, octetsOf, readDer } from "./der.ts";
import type { KeyStoreContents } from "./pkcs12.ts";

// Source: the JKS format as sun.security.provider.JavaKeyStore and KeyProtector write it.

const MAGIC = 0xfeedfeed;
const PRIVATE_KEY_ENTRY = 1;
const SALT_BYTES = 20;
const DIGEST_BYTES = 20;
const WHITENER = "Mighty Aphrodite";

/** What a Java key store of the old kind holds. A `RefusedError` where the password is wrong. */
export function readJks(file: Uint8Array, password: string): KeyStoreContents {
  const secret = Buffer.from(password, "utf16le").swap16();
  const reader = new ByteReader(file);
  if (reader.uint32() !== MAGIC) throw refused("it is not a JKS file");
  const version = reader.int32();
  const readText = (): string => Buffer.from(reader.bytes(reader.uint16())).toString("utf8");
  const readCertificate = (): Uint8Array => {
    if (version === 2) readText(); // its type, X.509
    return reader.bytes(reader.uint32());
  };
  const keys: Uint8Array[] = [];
  const certificates: Uint8Array[] = [];
  for (let left = reader.uint32(); left > 0; left--) {
    const kind = reader.int32();
    readText(); // its alias
    reader.bytes(8); // when it was made
    if (kind === PRIVATE_KEY_ENTRY) {
      keys.push(unprotect(reader.bytes(reader.uint32()), secret));
      for (let chain = reader.uint32(); chain > 0; chain--) certificates.push(readCertificate());
    } else {
      certificates.push(readCertificate());
    }
  }
  const digest = createHash("sha1").update(secret).update(WHITENER).update(file.subarray(0, reader.position)).digest();
  if (!digest.equals(reader.bytes(DIGEST_BYTES))) throw refused("the password is wrong");
  return { keys, certificates };
}

/** Undoes Sun's own way to protect a key: SHA-1 in a chain, over which the key is laid. */
function unprotect(encrypted: Uint8Array, secret: Uint8Array): Uint8Array {
  const bytes = octetsOf(child(readDer(encrypted), 1));
  const salt = bytes.subarray(0, SALT_BYTES);
  const body = bytes.subarray(SALT_BYTES, bytes.length - DIGEST_BYTES);
  const key = new Uint8Array(body.length);
  let digest: Uint8Array = salt;
  for (let at = 0; at < body.length; at += DIGEST_BYTES) {
    digest = createHash("sha1").update(secret).update(digest).digest();
    for (let byte = 0; byte < DIGEST_BYTES && at + byte < body.length; byte++) {
      key[at + byte] = (body[at + byte] ?? 0) ^ (digest[byte] ?? 0);
    }
  }
  const check = createHash("sha1").update(secret).update(key).digest();
  if (!check.equals(bytes.subarray(bytes.length - DIGEST_BYTES))) throw refused("the password of its key is wrong");
  return key;
}

function refused(message: string): RefusedError {
  return new RefusedError("BAD_KEY_STORE", message);
}
