import type { SessionId } from "../jute/zxid.ts";

// Source: org.apache.zookeeper.server.ZooKeeperServer (generatePasswd, checkPasswd); java.util.Random.

/** Not a secret in the original either: every server must make the same password for the same session. */
const SUPER_SECRET = 0xb341_5c00n;
const MULTIPLIER = 0x5_deec_e66dn;
const ADDEND = 0xbn;
const MASK_48 = (1n << 48n) - 1n;

export const PASSWORD_BYTES = 16;

/** The password of a session: the first 16 bytes that Java's linear congruential generator gives for its id. */
export function sessionPassword(id: SessionId): Uint8Array {
  let seed = (BigInt.asUintN(64, id ^ SUPER_SECRET) ^ MULTIPLIER) & MASK_48;
  const password = new Uint8Array(PASSWORD_BYTES);
  for (let at = 0; at < PASSWORD_BYTES; at += 4) {
    seed = (seed * MULTIPLIER + ADDEND) & MASK_48;
    // The upper 32 bits, lowest byte first.
    let bits = Number(seed >> 16n);
    for (let byte = 0; byte < 4; byte++) {
      password[at + byte] = bits & 0xff;
      bits = Math.floor(bits / 256);
    }
  }
  return password;
}

/** Whether a client that comes back with this id and password may have the session. Compares all bytes. */
export function isSessionPassword(id: SessionId, password: Uint8Array): boolean {
  if (id === 0n || password.length !== PASSWORD_BYTES) return false;
  const expected = sessionPassword(id);
  let difference = 0;
  for (let at = 0; at < PASSWORD_BYTES; at++) difference |= (expected[at] ?? 0) ^ (password[at] ?? 0);
  return difference === 0;
}
