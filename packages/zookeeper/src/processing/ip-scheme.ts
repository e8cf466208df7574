import type { AuthScheme } from "./auth-scheme.ts";

// Source: org.apache.zookeeper.server.auth.IPAuthenticationProvider.

/** A client's address; an ACL names one, or a network as `10.0.0.0/8`. */
export const ipScheme: AuthScheme = {
  name: "ip",
  isAuthenticated: false,
  isValid: (id) => parseNetwork(id) !== undefined,
  matches(id, aclId) {
    const network = parseNetwork(aclId);
    const address = parseAddress(id);
    if (network === undefined || address === undefined || address.length !== network.address.length) return false;
    return isSamePrefix(address, network.address, network.bits);
  },
  userName: (id) => id,
  authenticate: (_auth, connection) => [{ scheme: "ip", id: connection.remoteAddress }],
};

function parseNetwork(text: string): { address: Uint8Array; bits: number } | undefined {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash < 0) return { address, bits: address.length * 8 };
  const bits = parseDecimal(text.slice(slash + 1));
  return bits === undefined || bits < 0 || bits > address.length * 8 ? undefined : { address, bits };
}

function isSamePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let at = 0; at * 8 < bits; at++) {
    const mask = bits - at * 8 >= 8 ? 0xff : (0xff << (8 - (bits - at * 8))) & 0xff;
    if ((((a[at] ?? 0) ^ (b[at] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

function parseAddress(text: string): Uint8Array | undefined {
  if (text.includes(":")) return parseV6(text);
  return text.includes(".") ? parseV4(text) : undefined;
}

function parseV4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [at, part] of parts.entries()) {
    const value = parseDecimal(part);
    if (value === undefined || value < 0 || value > 255) return undefined;
    bytes[at] = value;
  }
  return bytes;
}

function parseV6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map((half) => (half === "" && halves.length === 2 ? [] : half.split(":")));
  const head = left ?? [];
  const tail = right ?? [];
  const count = head.length + tail.length;
  if (halves.length === 1 ? count !== 8 : count >= 8) return undefined;
  const groups = [...head, ...Array.from({ length: 8 - count }, () => "0"), ...tail];
  const bytes = new Uint8Array(16);
  for (const [at, group] of groups.entries()) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes[at * 2] = value >> 8;
    bytes[at * 2 + 1] = value & 0xff;
  }
  return bytes;
}

/** As Java's `Integer.parseInt`: a sign is allowed, more digits than an int holds are not. */
function parseDecimal(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value > 0x7fff_ffff || value < -0x8000_0000 ? undefined : value;
}
