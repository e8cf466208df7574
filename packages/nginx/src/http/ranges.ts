/** `Range: bytes=…` (RFC 9110 section 14) as nginx reads it (src/http/modules/ngx_http_range_filter_module.c). */

export interface ByteRange {
  /** First octet. */
  readonly start: number;
  /** Octet after the last. */
  readonly end: number;
}

/** `whole`: the header counts for nothing (200); `unsatisfiable`: 416. */
export type RangeResult =
  | { readonly kind: "ranges"; readonly ranges: readonly ByteRange[] }
  | { readonly kind: "whole" }
  | { readonly kind: "unsatisfiable" };

const WHOLE: RangeResult = { kind: "whole" };
const UNSATISFIABLE: RangeResult = { kind: "unsatisfiable" };
const SPEC = / *(?:(\d+) *- *(\d*)|-(\d+)) *(?=,|$)/y;

/**
 * The ranges that `header` asks of a body of `size` octets, in its order. More than `rangesMax` ranges, or ranges that add up to
 * more than the body (a way to be expensive), give the whole body.
 */
export function parseRanges(header: string, size: number, rangesMax: number): RangeResult {
  if (header.length < 7 || header.slice(0, 6).toLowerCase() !== "bytes=") return WHOLE;
  const ranges: ByteRange[] = [];
  let total = 0;
  let at = 6;
  for (;;) {
    SPEC.lastIndex = at;
    const match = SPEC.exec(header);
    if (match === null) return UNSATISFIABLE;
    const [text, first, last, suffix] = match;
    const numbers = [first, last, suffix].map((digits) => (digits === undefined || digits === "" ? 0 : Number(digits)));
    if (numbers.some((value) => value > OFFSET_MAX)) return UNSATISFIABLE;
    const [firstValue = 0, lastValue = 0, suffixValue = 0] = numbers;
    let start = firstValue;
    let end: number;
    if (suffix !== undefined) {
      start = suffixValue < size ? size - suffixValue : 0;
      end = size;
    } else if (last === "" || last === undefined) {
      end = size;
    } else {
      end = lastValue >= size ? size : lastValue + 1;
    }
    if (start < end) {
      total += end - start;
      if (ranges.length === rangesMax) return WHOLE;
      ranges.push({ start, end });
    } else if (start === 0) {
      return WHOLE;
    }
    at += text.length;
    if (header[at] !== ",") break;
    at++;
  }
  if (ranges.length === 0) return UNSATISFIABLE;
  return total > size ? WHOLE : { kind: "ranges", ranges };
}

/** Above it the original's 64-bit offset overflows. Rounded up to a double: no body comes near it. */
const OFFSET_MAX = 2 ** 63;
