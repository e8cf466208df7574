/** Values with variables: `$name`, `${name}` and the captures `$1` to `$9`. */
import { ConfigError, type Place } from "./config-error.ts";
import { isKnownVariable } from "./variable-names.ts";

/** A plain string, or its parts in order. Even a single variable is a list, so that `typeof` tells the two apart. */
export type Template = string | readonly TemplatePart[];
export type TemplatePart = string | { readonly variable: string };

/** `names` are the named captures that the configuration's regular expressions define. Throws ConfigError. */
export function parseTemplate(text: string, place: Place, names: ReadonlySet<string>): Template {
  if (!text.includes("$")) return text;
  const parts: TemplatePart[] = [];
  let at = 0;
  for (;;) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) break;
    if (dollar > at) parts.push(text.slice(at, dollar));
    const match = /^\$(?:\{([A-Za-z0-9_]+)\}|([1-9])|([A-Za-z0-9_]+))/.exec(text.slice(dollar));
    if (match === null) {
      if (text[dollar + 1] === "{")
        throw new ConfigError(`the closing bracket in "${text.slice(dollar + 2)}" variable is missing`, place);
      throw new ConfigError("invalid variable name", place);
    }
    const variable = match[1] ?? match[2] ?? match[3] ?? "";
    if (!/^[1-9]$/.test(variable) && !names.has(variable) && !isKnownVariable(variable)) {
      throw new ConfigError(`unknown "${variable}" variable`);
    }
    parts.push({ variable });
    at = dollar + match[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}
