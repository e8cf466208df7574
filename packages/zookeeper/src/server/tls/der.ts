import { ProtocolError } from "@ordinal/kit";

// Source: ITU-T X.690 (DER), as far as certificates and key stores use it.

export const Tag = { integer: 2, octetString: 4, oid: 6, sequence: 0x30, set: 0x31, context0: 0xa0 } as const;

/** One element: its tag, its contents, and all of its bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** The element that begins at `at`. A `ProtocolError` for what is none. */
export function readDer(bytes: Uint8Array, at = 0): DerElement {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw broken();
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first - 0x80;
    if (count === 0 || count > 4) throw broken();
    length = 0;
    const end = start + count;
    for (; start < end; start++) length = length * 256 + (bytes[start] ?? 0);
  }
  if (start + length > bytes.length) throw broken();
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) };
}

/** The elements in the contents of a sequence or set. */
export function readDerList(content: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < content.length;) {
    const element = readDer(content, at);
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

/** The n-th child of an element that has children. */
export function child(element: DerElement, index: number): DerElement {
  const found = readDerList(element.content)[index];
  if (found === undefined) throw broken();
  return found;
}

/** Dotted. */
export function oidOf(element: DerElement): string {
  if (element.tag !== Tag.oid) throw broken();
  const parts: number[] = [];
  let value = 0;
  for (const byte of element.content) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      if (parts.length === 0)
        parts.push(Math.min(2, Math.floor(value / 40)), value - 40 * Math.min(2, Math.floor(value / 40)));
      else parts.push(value);
      value = 0;
    }
  }
  return parts.join(".");
}

/** A small number, such as a count of iterations. */
export function integerOf(element: DerElement): number {
  if (element.tag !== Tag.integer || element.content.length > 6) throw broken();
  return element.content.reduce((value, byte) => value * 256 + byte, 0);
}

export function octetsOf(element: DerElement): Uint8Array {
  if (element.tag !== Tag.octetString) throw broken();
  return element.content;
}

function broken(): ProtocolError {
  return new ProtocolError("BAD_DER", "it is not DER, or damaged");
}
