/**
 * The path of a request target, decoded and normalised as nginx 1.22.1 does it (src/http/ngx_http_parse.c,
 * ngx_http_parse_complex_uri): `%XX` decoded, `.` and `..` resolved, slashes merged, `#…` cut, `?…` split off. A decoded slash
 * or dot counts like a plain one; a decoded `%`, `?` or `#` is only an octet. Texts are byte strings.
 */

export interface NormalizedUri {
  readonly path: string;
  /** Undefined without `?`. */
  readonly args: string | undefined;
}

/**
 * `target` starts with `/`. Undefined means that it is refused (400): a `%` without two hexadecimal digits, `%00`, or a `..`
 * above the root.
 */
export function normalizeUri(target: string, mergeSlashes: boolean): NormalizedUri | undefined {
  const segments = new Segments(mergeSlashes);
  let segment = "";
  let args: string | undefined;
  for (let i = 0; i < target.length; i++) {
    let ch = target.charAt(i);
    if (ch === "#") break;
    if (ch === "?") {
      const end = target.indexOf("#", i);
      args = target.slice(i + 1, end < 0 ? target.length : end);
      break;
    }
    if (ch === "%") {
      const octet = hexOctet(target, i + 1);
      if (octet === undefined || octet === 0) return undefined;
      ch = String.fromCharCode(octet);
      i += 2;
    }
    if (ch !== "/") {
      segment += ch;
      continue;
    }
    if (!segments.add(segment, false)) return undefined;
    segment = "";
  }
  if (!segments.add(segment, true)) return undefined;
  return { path: segments.path(), args };
}

class Segments {
  readonly #list: string[] = [];
  readonly #mergeSlashes: boolean;

  constructor(mergeSlashes: boolean) {
    this.#mergeSlashes = mergeSlashes;
  }

  /** False: `..` above the root. */
  add(segment: string, last: boolean): boolean {
    const list = this.#list;
    if (segment === "..") {
      if (list.length <= 1) return false;
      list.pop();
    } else if (segment !== "." && (segment !== "" || last || !this.#mergeSlashes || list.length === 0)) {
      list.push(segment);
      return true;
    }
    // What ends in a dot segment is a folder: `/a/..` is `/`.
    if (last) list.push("");
    return true;
  }

  path(): string {
    return this.#list.join("/");
  }
}

function hexOctet(text: string, at: number): number | undefined {
  const high = hexDigit(text.charCodeAt(at));
  const low = hexDigit(text.charCodeAt(at + 1));
  return high < 0 || low < 0 ? undefined : high * 16 + low;
}

/** -1 when it is none; NaN, which is past the end, is none either. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/**
 * The octets that nginx escapes in a Location it makes from a path (NGX_ESCAPE_URI): controls, space, `"`, `#`, `%`, `<`, `>`,
 * `?`, `\`, `^`, `` ` ``, `{`, `|`, `}`, DEL and everything over 0x7f.
 */
export function escapeUri(path: string): string {
  // oxlint-disable-next-line no-control-regex
  return path.replace(/[\x00-\x20"#%<>?\\^`{|}\x7f-\xff]/g, (ch) => {
    return `%${ch.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
}
