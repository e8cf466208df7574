// JSON as Go's encoding/json reads it: its error words, and which keys of an object came twice (strict decoding tells).

/** Go gives up at this depth. */
const DEPTH_MAX = 10_000;
/** The parser below recurses; deeper documents than any object of the API has would overflow its stack. */
const OWN_DEPTH_MAX = 1000;

export class JsonError extends Error {}

export interface ParsedJson {
  readonly value: unknown;
  /** Paths of keys that an object has more than once, e.g. `spec.replicas`, each once. */
  readonly duplicates: readonly string[];
}

/** Throws `JsonError` with Go's words. The last of several equal keys wins. */
export function parseJson(text: string): ParsedJson {
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  readonly #path: string[] = [];
  readonly #duplicates = new Set<string>();

  constructor(text: string) {
    this.#text = text;
  }

  parse(): ParsedJson {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#unexpected("after top-level value");
    return { value, duplicates: [...this.#duplicates] };
  }

  #value(): unknown {
    const start = this.#text[this.#at];
    switch (start) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #enter(): void {
    this.#depth++;
    if (this.#depth > OWN_DEPTH_MAX) {
      throw new JsonError(this.#depth > DEPTH_MAX ? "exceeded max depth" : "document is nested too deeply");
    }
  }

  #object(): Record<string, unknown> {
    this.#enter();
    this.#at++;
    const result: Record<string, unknown> = {};
    this.#space();
    if (this.#text[this.#at] === "}") {
      this.#at++;
      this.#depth--;
      return result;
    }
    for (;;) {
      if (this.#text[this.#at] !== '"') this.#unexpected("looking for beginning of object key string");
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ":") this.#unexpected("after object key");
      this.#at++;
      this.#space();
      this.#path.push(this.#path.length === 0 ? key : `.${key}`);
      if (Object.hasOwn(result, key)) this.#duplicates.add(this.#path.join(""));
      const value = this.#value();
      this.#path.pop();
      if (key === "__proto__") {
        Object.defineProperty(result, key, { value, writable: true, enumerable: true, configurable: true });
      } else result[key] = value;
      this.#space();
      const next = this.#text[this.#at];
      if (next !== "," && next !== "}") this.#unexpected("after object key:value pair");
      this.#at++;
      if (next === "}") break;
      this.#space();
    }
    this.#depth--;
    return result;
  }

  #array(): unknown[] {
    this.#enter();
    this.#at++;
    const result: unknown[] = [];
    this.#space();
    if (this.#text[this.#at] === "]") {
      this.#at++;
      this.#depth--;
      return result;
    }
    for (;;) {
      this.#path.push(`[${result.length}]`);
      result.push(this.#value());
      this.#path.pop();
      this.#space();
      const next = this.#text[this.#at];
      if (next !== "," && next !== "]") this.#unexpected("after array element");
      this.#at++;
      if (next === "]") break;
      this.#space();
    }
    this.#depth--;
    return result;
  }

  #string(): string {
    const start = this.#at++;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(code)) this.#unexpected("");
      if (code === 0x22) break;
      if (code < 0x20) this.#unexpected("in string literal");
      if (code === 0x5c) this.#escape();
      else this.#at++;
    }
    this.#at++;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #escape(): void {
    this.#at++;
    const kind = this.#text[this.#at];
    if (kind === undefined || !'"\\/bfnrtu'.includes(kind)) this.#unexpected("in string escape code");
    this.#at++;
    if (kind !== "u") return;
    for (let digit = 0; digit < 4; digit++) {
      if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? "")) this.#unexpected("in \\u hexadecimal character escape");
      this.#at++;
    }
  }

  #word<T>(word: string, value: T): T {
    for (const [index, letter] of [...word].entries()) {
      if (this.#text[this.#at] !== letter)
        this.#unexpected(`in literal ${word} (expecting ${quote(word[index] ?? "")})`);
      this.#at++;
    }
    return value;
  }

  #number(): number {
    const start = this.#at;
    if (this.#text[this.#at] === "-") this.#at++;
    const first = this.#text[this.#at];
    if (first === undefined || first < "0" || first > "9") {
      this.#unexpected(start === this.#at ? "looking for beginning of value" : "in numeric literal");
    }
    this.#at++;
    if (first !== "0") this.#digits();
    if (this.#text[this.#at] === ".") {
      this.#at++;
      this.#digit("after decimal point in numeric literal");
    }
    if (this.#text[this.#at] === "e" || this.#text[this.#at] === "E") {
      this.#at++;
      if (this.#text[this.#at] === "+" || this.#text[this.#at] === "-") this.#at++;
      this.#digit("in exponent of numeric literal");
    }
    return Number(this.#text.slice(start, this.#at));
  }

  #digit(where: string): void {
    const digit = this.#text[this.#at];
    if (digit === undefined || digit < "0" || digit > "9") this.#unexpected(where);
    this.#digits();
  }

  #digits(): void {
    for (;;) {
      const digit = this.#text[this.#at];
      if (digit === undefined || digit < "0" || digit > "9") return;
      this.#at++;
    }
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #unexpected(where: string): never {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) throw new JsonError("unexpected end of JSON input");
    throw new JsonError(`invalid character ${quote(String.fromCodePoint(code))} ${where}`);
  }
}

function quote(character: string): string {
  if (character === "'") return `'\\''`;
  if (character === '"') return `'"'`;
  if (character === "\n") return "'\\n'";
  if (character === "\r") return "'\\r'";
  if (character === "\t") return "'\\t'";
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || code === 0x7f ? `'\\x${code.toString(16).padStart(2, "0")}'` : `'${character}'`;
}
