import { child, type DerElement, oidOf, readDer, readDerList, Tag } from "./der.ts";

// Source: RFC 2253, as java.security's X500Principal.getName writes it: most specific first.

/** The attribute types that RFC 2253 knows by name; others are written as numbers with their value in hexadecimal. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["2.5.4.3", "CN"],
  ["2.5.4.6", "C"],
  ["2.5.4.7", "L"],
  ["2.5.4.8", "ST"],
  ["2.5.4.9", "STREET"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
  ["0.9.2342.19200300.100.1.1", "UID"],
  ["0.9.2342.19200300.100.1.25", "DC"],
]);
const BMP_STRING = 30;
const UTF8_STRING = 12;
/** Numeric, printable, IA5 and visible strings; others that have no text of their own go as hexadecimal. */
const BYTE_STRINGS: ReadonlySet<number> = new Set([18, 19, 20, 22, 26]);

/** The subject of a certificate. @param certificate DER */
export function subjectName(certificate: Uint8Array): string {
  const fields = readDerList(child(readDer(certificate), 0).content);
  // An explicit version may stand before the serial number; behind it come algorithm, issuer, validity, subject.
  const subject = fields[fields[0]?.tag === Tag.context0 ? 5 : 4];
  return subject === undefined ? "" : nameText(subject);
}

function nameText(name: DerElement): string {
  return readDerList(name.content)
    .reverse()
    .map((part) => readDerList(part.content).map(attributeText).join("+"))
    .join(",");
}

function attributeText(attribute: DerElement): string {
  const oid = oidOf(child(attribute, 0));
  const value = child(attribute, 1);
  const name = NAMES.get(oid);
  const text = name === undefined ? undefined : stringOf(value);
  return text === undefined ? `${oid}=#${Buffer.from(value.whole).toString("hex")}` : `${name}=${escaped(text)}`;
}

function stringOf({ tag, content }: DerElement): string | undefined {
  if (tag === UTF8_STRING) return Buffer.from(content).toString("utf8");
  if (BYTE_STRINGS.has(tag)) return Buffer.from(content).toString("latin1");
  if (tag !== BMP_STRING) return undefined;
  return Buffer.from(content).swap16().toString("utf16le");
}

function escaped(text: string): string {
  return text
    .replaceAll(/[,+"\\<>;]/g, String.raw`\$&`)
    .replace(/^[ #]/, String.raw`\$&`)
    .replace(/ $/, String.raw`\ `);
}
