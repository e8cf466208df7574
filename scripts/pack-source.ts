import { stripTypeScriptTypes } from "node:module";

import { lineAt, scanSource } from "./source-scan.ts";

/** Where one file names another: an import, or a program to start by `new URL("./x.ts", import.meta.url)`. */
export interface Reference {
  readonly specifier: string;
  readonly kind: "import" | "url";
  /** Of the specifier inside its quotes. */
  readonly start: number;
}

const REFERENCE =
  /(?<![\w$.])(?:(?<url>new\s+URL\s*\()|from|import(?:\s*\()?)\s*(?<quote>["'])(?<inside> *)\k<quote>(?<base>\s*,\s*import\.meta\.url\b)?/g;

/** What `source`, TypeScript or JavaScript, refers to, in its order. Comments and strings that look like it are passed over. */
export function references(source: string): Reference[] {
  return [...scanSource(source).code.matchAll(REFERENCE)].flatMap((match) => {
    const { url, quote = "", inside = "", base = "" } = match.groups ?? {};
    if (url !== undefined && base === "") return [];
    const start = match.index + match[0].length - base.length - quote.length - inside.length;
    return [
      { specifier: source.slice(start, start + inside.length), kind: url === undefined ? "import" : "url", start },
    ];
  });
}

/**
 * The JavaScript of a TypeScript file, every line and column where it was, its neighbours called `.js`. Throws an Error with the
 * line where the file finds another one in a way that packing cannot follow.
 */
export function toJavaScript(source: string): string {
  refuseComputedPaths(source);
  return nameJavaScript(stripTypeScriptTypes(source, { mode: "strip" }));
}

/** `./x.ts` becomes `./x.js` wherever a JavaScript or declaration file refers to its neighbour. */
export function nameJavaScript(source: string): string {
  let named = source;
  for (const { specifier, start } of references(source)) {
    // As long as before: what was found stays where it was found.
    if (isNeighbour(specifier))
      named = `${named.slice(0, start)}${javaScriptName(specifier)}${named.slice(start + specifier.length)}`;
  }
  return named;
}

export function isNeighbour(specifier: string): boolean {
  return /^\.{1,2}\/.*(?<!\.d)\.ts$/.test(specifier);
}

export function javaScriptName(path: string): string {
  return path.replace(/\.ts$/, ".js");
}

function refuseComputedPaths(source: string): void {
  const { code } = scanSource(source);
  const followed = new Set(
    references(source)
      .filter(({ kind }) => kind === "url")
      .map(({ start }) => code.indexOf("import.meta.url", start)),
  );
  for (const { index } of code.matchAll(/\bimport\.meta\.(?:url|filename)\b|(?<![\w$.])import\s*\((?!\s*["'])/g)) {
    if (!followed.has(index))
      throw new Error(
        `${lineAt(source, index)}: a path that is computed; write import("./x.ts") or new URL("./x.ts", import.meta.url)`,
      );
  }
}
