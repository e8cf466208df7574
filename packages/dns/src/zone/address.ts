/**
 * Addresses as bytes (RFC 791; RFC 4291 section 2.2 for the text of IPv6) and the names of the reverse tree (RFC 1035
 * section 3.5, RFC 3596 section 2.5).
 */

/** The 4 or 16 bytes of an address; null for anything that is none. An IPv4 octet has no leading zero. */
export function addressBytes(text: string): Uint8Array | null {
  return text.includes(":") ? ipv6Bytes(text) : ipv4Bytes(text);
}

/** A key that is equal for equal addresses however they were written. */
export function addressKey(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** The address that a name of the reverse tree stands for; null if the name is not that of one whole address. `labels` are in lower case. */
export function reverseAddress(labels: readonly string[]): Uint8Array | null {
  if (labels.at(-1) !== "arpa") return null;
  const digits = labels.slice(0, -2).reverse();
  if (labels.at(-2) === "in-addr") return digits.length === 4 ? ipv4Bytes(digits.join(".")) : null;
  if (labels.at(-2) !== "ip6" || digits.length !== 32 || !digits.every((digit) => /^[0-9a-f]$/.test(digit)))
    return null;
  return Uint8Array.from({ length: 16 }, (_, index) =>
    Number.parseInt(`${digits[2 * index]}${digits[2 * index + 1]}`, 16),
  );
}

function ipv4Bytes(text: string): Uint8Array | null {
  const octets = text.split(".");
  if (octets.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (let index = 0; index < 4; index++) {
    const octet = octets[index] ?? "";
    if (!/^(0|[1-9][0-9]{0,2})$/.test(octet) || Number(octet) > 255) return null;
    bytes[index] = Number(octet);
  }
  return bytes;
}

function ipv6Bytes(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? "", true) : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return null;
  return Uint8Array.from([...head, ...Array.from({ length: missing }, () => 0), ...tail]);
}

/** The bytes of colon-separated groups, the last of which may be an IPv4 address if it ends the whole. */
function groups(text: string, endsAddress: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const embedded = endsAddress && index === parts.length - 1 ? ipv4Bytes(part) : null;
      if (embedded === null) return null;
      bytes.push(...embedded);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      const value = Number.parseInt(part, 16);
      bytes.push(value >>> 8, value & 0xff);
    }
  }
  return bytes.length > 16 ? null : bytes;
}
