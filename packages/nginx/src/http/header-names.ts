/** Names of headers: which octets they may have, and those that mean something to the server. */

/** Octets that a header name may have: lower-case form, or 0. */
export const NAME_OCTET = new Uint8Array(256);
for (const ch of "abcdefghijklmnopqrstuvwxyz0123456789-") NAME_OCTET[ch.charCodeAt(0)] = ch.charCodeAt(0);
for (let octet = 65; octet <= 90; octet++) NAME_OCTET[octet] = octet + 32;

/** Headers that the server itself looks at. The values are slots. */
export const HEADER = {
  host: 0,
  connection: 1,
  ifModifiedSince: 2,
  ifUnmodifiedSince: 3,
  ifMatch: 4,
  ifNoneMatch: 5,
  userAgent: 6,
  contentLength: 7,
  contentRange: 8,
  range: 9,
  ifRange: 10,
  transferEncoding: 11,
  expect: 12,
  authorization: 13,
  referer: 14,
} as const;
export type HeaderSlot = (typeof HEADER)[keyof typeof HEADER];
export const HEADER_SLOTS = 15;

const SLOT_NAMES: readonly string[] = [
  "host",
  "connection",
  "if-modified-since",
  "if-unmodified-since",
  "if-match",
  "if-none-match",
  "user-agent",
  "content-length",
  "content-range",
  "range",
  "if-range",
  "transfer-encoding",
  "expect",
  "authorization",
  "referer",
];

/** By name length: the slots to compare with. */
const SLOTS_BY_LENGTH: readonly (readonly HeaderSlot[])[] = Array.from({ length: 20 }, (_, length) =>
  SLOT_NAMES.flatMap((name, slot) => (name.length === length ? [slot as HeaderSlot] : [])),
);

/** A second one of these is a 400: repeating them is how requests are smuggled past proxies. */
export const UNIQUE_HEADERS: ReadonlySet<HeaderSlot> = new Set([
  HEADER.host,
  HEADER.ifModifiedSince,
  HEADER.ifUnmodifiedSince,
  HEADER.ifMatch,
  HEADER.ifNoneMatch,
  HEADER.contentLength,
  HEADER.contentRange,
  HEADER.ifRange,
  HEADER.transferEncoding,
  HEADER.expect,
  HEADER.authorization,
]);

/** The slot of the header name at `bytes[start]`, in any case; undefined for every other name. */
export function slotOf(bytes: Buffer, start: number, length: number): HeaderSlot | undefined {
  const candidates = SLOTS_BY_LENGTH[length];
  if (candidates === undefined) return undefined;
  next: for (const slot of candidates) {
    const name = SLOT_NAMES[slot] as string;
    for (let i = 0; i < length; i++) {
      if (NAME_OCTET[bytes[start + i] as number] !== name.charCodeAt(i)) continue next;
    }
    return slot;
  }
  return undefined;
}
