/**
 * Words of an nginx.conf, as nginx 1.22.1 src/core/ngx_conf_file.c reads them: white space separates words, `;` ends a
 * directive, `{` opens and `}` closes a block, `#` starts a comment where a word could start, quotes and backslashes protect,
 * and `${` does not open a block. Texts are byte strings (one character per octet).
 */
import { ConfigError } from "./config-error.ts";

/** What ended the words: `;`, `{`, `}` or the end of the file. */
export type TokenEnd = "statement" | "block-start" | "block-end" | "end-of-file";

export interface Token {
  readonly end: TokenEnd;
  readonly words: readonly string[];
  /** Line of the terminator, which is what nginx names in its errors. */
  readonly line: number;
}

/** nginx reads its files through a buffer of this many octets; a word (or a comment) that fills it is an error. */
const CONF_BUFFER_BYTES = 4096;

export class Tokenizer {
  readonly #text: string;
  readonly #file: string | undefined;
  #position = 0;
  #line = 1;
  #bufferEnd: number;

  /** `file` undefined: the text is the `-g` parameter, which has no buffer limit. */
  constructor(text: string, file: string | undefined) {
    this.#text = text;
    this.#file = file;
    this.#bufferEnd = file === undefined ? text.length : Math.min(text.length, CONF_BUFFER_BYTES);
  }

  get line(): number {
    return this.#line;
  }

  /** The next directive's words and what ended them. Throws ConfigError. */
  next(): Token {
    const text = this.#text;
    const words: string[] = [];
    let betweenWords = true;
    let needsSpace = false;
    let comment = false;
    let escaped = false;
    let afterDollar = false;
    let quote = "";
    let start = this.#position;
    let startLine = this.#line;

    for (;;) {
      if (this.#position >= this.#bufferEnd) {
        if (this.#position >= text.length) {
          if (words.length === 0 && betweenWords) return this.#token("end-of-file", words);
          if (this.#file === undefined) throw this.#error('unexpected end of parameter, expecting ";"');
          throw this.#error('unexpected end of file, expecting ";" or "}"');
        }
        if (this.#position - start === CONF_BUFFER_BYTES) {
          this.#line = startLine;
          if (quote !== "") throw this.#error(`too long parameter, probably missing terminating "${quote}" character`);
          throw this.#error(`too long parameter "${text.slice(start, start + 10)}..." started`);
        }
        this.#bufferEnd = Math.min(text.length, start + CONF_BUFFER_BYTES);
      }
      const ch = text.charAt(this.#position++);
      if (ch === "\n") {
        this.#line++;
        comment = false;
      }
      if (comment) continue;
      if (escaped) {
        escaped = false;
        continue;
      }
      if (needsSpace) {
        if (isSpace(ch)) {
          betweenWords = true;
          needsSpace = false;
          continue;
        }
        if (ch === ";") return this.#token("statement", words);
        if (ch === "{") return this.#token("block-start", words);
        if (ch !== ")") throw this.#error(`unexpected "${ch}"`);
        betweenWords = true;
        needsSpace = false;
      }
      if (betweenWords) {
        start = this.#position - 1;
        startLine = this.#line;
        if (isSpace(ch)) continue;
        switch (ch) {
          case ";":
          case "{":
            if (words.length === 0) throw this.#error(`unexpected "${ch}"`);
            return this.#token(ch === ";" ? "statement" : "block-start", words);
          case "}":
            if (words.length !== 0) throw this.#error('unexpected "}"');
            return this.#token("block-end", words);
          case "#":
            comment = true;
            continue;
          case "\\":
            escaped = true;
            break;
          case '"':
          case "'":
            start++;
            quote = ch;
            break;
          case "$":
            afterDollar = true;
            break;
          default:
        }
        betweenWords = false;
        continue;
      }
      if (ch === "{" && afterDollar) continue;
      afterDollar = false;
      if (ch === "\\") {
        escaped = true;
        continue;
      }
      if (ch === "$") {
        afterDollar = true;
        continue;
      }
      if (quote !== "") {
        if (ch !== quote) continue;
        quote = "";
        needsSpace = true;
      } else if (isSpace(ch) || ch === ";" || ch === "{") {
        betweenWords = true;
      } else {
        continue;
      }
      words.push(unescape(text.slice(start, this.#position - 1)));
      if (needsSpace) continue;
      if (ch === ";") return this.#token("statement", words);
      if (ch === "{") return this.#token("block-start", words);
    }
  }

  #token(end: TokenEnd, words: readonly string[]): Token {
    return { end, words, line: this.#line };
  }

  #error(text: string): ConfigError {
    return new ConfigError(text, { file: this.#file, line: this.#line });
  }
}

function isSpace(ch: string): boolean {
  return ch === " " || ch === "\t" || ch === "\r" || ch === "\n";
}

/** `\"`, `\'`, `\\` lose their backslash, `\t`, `\r`, `\n` become the octet, every other backslash stays. */
function unescape(raw: string): string {
  if (!raw.includes("\\")) return raw;
  return raw.replace(/\\(["'\\trn])/g, (_, ch: string) => {
    if (ch === "t") return "\t";
    if (ch === "r") return "\r";
    if (ch === "n") return "\n";
    return ch;
  });
}
