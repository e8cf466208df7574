/** Regular expressions of a configuration: PCRE's syntax, run by JavaScript's engine. */
import { ConfigError, type Place } from "./config-error.ts";

export interface Pattern {
  readonly expression: RegExp;
  /** Names of its captures, which become variables. */
  readonly names: readonly string[];
}

/**
 * Compiles what both dialects share. Translated: a leading `(?i)`, Python-style names `(?P<name>…)`, and `$`, which in PCRE also
 * matches before a final line feed. What JavaScript does not have (possessive quantifiers, atomic groups, recursion) is an error.
 */
export function compilePattern(source: string, ignoreCase: boolean, place: Place): Pattern {
  let text = source;
  let insensitive = ignoreCase;
  if (text.startsWith("(?i)")) {
    text = text.slice(4);
    insensitive = true;
  }
  const names: string[] = [];
  let out = "";
  let inClass = false;
  for (let i = 0; i < text.length; i++) {
    const ch = text.charAt(i);
    if (ch === "\\") {
      out += text.slice(i, i + 2);
      i++;
    } else if (inClass) {
      inClass = ch !== "]";
      out += ch;
    } else if (ch === "[") {
      inClass = true;
      out += ch;
    } else if (ch === "$") {
      out += "(?=\\n?$)";
    } else {
      const named = /^\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>/.exec(text.slice(i));
      if (named === null) {
        out += ch;
      } else {
        names.push(named[1] ?? "");
        out += `(?<${named[1]}>`;
        i += named[0].length - 1;
      }
    }
  }
  try {
    return { expression: new RegExp(out, insensitive ? "i" : ""), names };
  } catch (error) {
    throw new ConfigError(`pcre_compile() failed: ${(error as Error).message} in "${source}"`, place);
  }
}
