/**
 * The file format of zoo.cfg, of dynamic configurations and of /zookeeper/config.
 *
 * Source: java.util.Properties.load.
 */
export interface Property {
  readonly key: string;
  readonly value: string;
  /** From 1; where a property goes over several lines, its first. */
  readonly line: number;
}

/**
 * The properties of a text in order, repeated keys included (the original keeps the last of them). Every text is a properties
 * file: a line without `=` is a key with an empty value.
 */
export function parseProperties(text: string): Property[] {
  const properties: Property[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    let logical = (lines[index] ?? "").replace(/^[ \t\f]+/, "");
    if (logical === "" || logical.startsWith("#") || logical.startsWith("!")) continue;
    while (endsInOddBackslashes(logical)) {
      logical = logical.slice(0, -1);
      if (index + 1 >= lines.length) break;
      index++;
      logical += (lines[index] ?? "").replace(/^[ \t\f]+/, "");
    }
    const keyLength = endOfKey(logical);
    const value = logical.slice(keyLength).replace(/^[ \t\f]*[=:]?[ \t\f]*/, "");
    properties.push({ key: unescape(logical.slice(0, keyLength)), value: unescape(value), line });
  }
  return properties;
}

function endsInOddBackslashes(text: string): boolean {
  let count = 0;
  while (count < text.length && text[text.length - 1 - count] === "\\") count++;
  return count % 2 === 1;
}

function endOfKey(logical: string): number {
  for (let at = 0; at < logical.length; at++) {
    const char = logical[at];
    if (char === "\\") at++;
    else if (char === "=" || char === ":" || char === " " || char === "\t" || char === "\f") return at;
  }
  return logical.length;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["t", "\t"],
  ["n", "\n"],
  ["r", "\r"],
  ["f", "\f"],
]);

function unescape(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([^]))/g, (_whole, hex: string | undefined, char: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return ESCAPES.get(char ?? "") ?? char ?? "";
  });
}
