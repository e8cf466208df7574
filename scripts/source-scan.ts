/**
 * Reads what a TypeScript file imports without a parser: comments, strings and regular expressions are blanked first (their
 * lines and columns stay), so that what merely looks like an import or a global is not taken for one.
 */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import type` and `export type … from`: erased before the program runs. */
  readonly typeOnly: boolean;
  /** What a static import or export takes by name, as the other file calls it; undefined where it may take more. */
  readonly names?: readonly string[];
}

export interface SourceScan {
  /** The source with comments, the insides of strings and regular expressions as spaces. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const STATEMENT =
  /(?<![\w$.])(?:import|export)(?<clause>\s+type\b)?(?:(?<names>[\s\w$*{},]*?)\bfrom)?\s*(?<quote>["'])(?<inside> *)\k<quote>/g;
const CALL = /(?<![\w$.])import\s*\(\s*(?<quote>["'])(?<inside> *)\k<quote>/g;

export function scanSource(source: string): SourceScan {
  const code = blank(source);
  const imports: Import[] = [];
  for (const pattern of [STATEMENT, CALL]) {
    for (const match of code.matchAll(pattern)) {
      const inside = match.groups?.["inside"] ?? "";
      const end = match.index + match[0].length - 1;
      const names = namesIn(match.groups?.["names"]);
      imports.push({
        specifier: source.slice(end - inside.length, end),
        line: lineAt(code, match.index),
        typeOnly: match.groups?.["clause"] !== undefined,
        ...(names === undefined ? {} : { names }),
      });
    }
  }
  return { code, imports: imports.sort((a, b) => a.line - b.line) };
}

/** `{ a, type B, c as d }` is a, B and c; a default import or a namespace could be anything. */
function namesIn(bindings: string | undefined): string[] | undefined {
  const inside = /^\s*\{([^{}*]*)\}\s*$/.exec(bindings ?? "")?.[1];
  return inside
    ?.split(",")
    .map((name) => /^\s*(?:type\s+(?!as\b))?([\w$]+)/.exec(name)?.[1] ?? "")
    .filter((name) => name !== "");
}

export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < index; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

/** What may come before a `/` that begins a regular expression; after a value it divides. */
const BEFORE_REGEXP =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|yield|await))$/;

function blank(source: string): string {
  const out = source.split("");
  /** Depths of `{` at which a template's `${` was opened; code inside is code. */
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const erase = (from: number, to: number): void => {
    for (let i = from; i < to && i < out.length; i++) if (out[i] !== "\n") out[i] = " ";
  };
  const skipTo = (end: number, keepEnds: number): void => {
    erase(at + keepEnds, end - keepEnds);
    at = end;
  };
  const template = (): void => {
    const from = at;
    while (at < source.length && source[at] !== "`" && !source.startsWith("${", at)) at += source[at] === "\\" ? 2 : 1;
    erase(from, at);
    if (source[at] === "$") {
      templates.push(depth++);
      at += 2;
    } else {
      at++;
    }
  };
  while (at < source.length) {
    const char = source[at];
    if (source.startsWith("//", at)) skipTo(endOf(source, "\n", at), 0);
    else if (source.startsWith("/*", at)) skipTo(endOf(source, "*/", at + 2) + 2, 0);
    else if (char === '"' || char === "'") skipTo(endOfString(source, at, char), 1);
    else if (char === "`") {
      at++;
      template();
    } else if (
      char === "/" &&
      BEFORE_REGEXP.test(
        out
          .slice(Math.max(0, at - 200), at)
          .join("")
          .trimEnd(),
      )
    ) {
      skipTo(endOfRegExp(source, at), 1);
    } else {
      if (char === "{") depth++;
      if (char === "}") depth--;
      at++;
      if (char === "}" && templates.at(-1) === depth) {
        templates.pop();
        template();
      }
    }
  }
  return out.join("");
}

function endOf(source: string, mark: string, from: number): number {
  const end = source.indexOf(mark, from);
  return end === -1 ? source.length : end;
}

function endOfString(source: string, from: number, quote: string): number {
  let at = from + 1;
  while (at < source.length && source[at] !== quote && source[at] !== "\n") at += source[at] === "\\" ? 2 : 1;
  return at + 1;
}

function endOfRegExp(source: string, from: number): number {
  let inClass = false;
  let at = from + 1;
  for (; at < source.length && source[at] !== "\n"; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === "[") inClass = true;
    else if (source[at] === "]") inClass = false;
    else if (source[at] === "/" && !inClass) return at + 1;
  }
  return at;
}
