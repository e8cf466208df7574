/**
 * `$(NAME)` in commands, arguments and values: replaced when NAME is known, left as it is otherwise; `$$` is a dollar.
 * Agrees with kubernetes `third_party/forked/golang/expansion`.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let result = "";
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char !== "$" || at + 1 >= text.length) {
      result += char;
      continue;
    }
    const next = text[at + 1];
    if (next === "$") {
      result += "$";
      at += 1;
      continue;
    }
    if (next !== "(") {
      result += `$${next}`;
      at += 1;
      continue;
    }
    const close = text.indexOf(")", at + 2);
    if (close === -1) {
      result += "$(";
      at += 1;
      continue;
    }
    const name = text.slice(at + 2, close);
    result += lookup(name) ?? `$(${name})`;
    at = close;
  }
  return result;
}
