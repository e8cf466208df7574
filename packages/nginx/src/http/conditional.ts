/** Conditional requests (RFC 9110 section 13) as nginx decides them (src/http/modules/ngx_http_not_modified_filter_module.c). */
import { parseHttpDate } from "./date.ts";

export interface Conditions {
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** `if_modified_since`: `exact` compares for equality, `before` takes any later date. */
export type IfModifiedSince = "off" | "exact" | "before";

/** What a 200 would say; `etag` undefined with `etag off`, `lastModified` in seconds, undefined when there is none. */
export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: number | undefined;
}

/** 304, 412, or 200 when the conditions change nothing. */
export function evaluateConditions(
  conditions: Conditions,
  validators: Validators,
  mode: IfModifiedSince,
): 200 | 304 | 412 {
  const { ifModifiedSince, ifUnmodifiedSince, ifMatch, ifNoneMatch } = conditions;
  if (ifUnmodifiedSince !== undefined && !isUnmodified(ifUnmodifiedSince, validators)) return 412;
  if (ifMatch !== undefined && !matchesEtag(ifMatch, validators.etag, false)) return 412;
  if (ifModifiedSince === undefined && ifNoneMatch === undefined) return 200;
  if (ifModifiedSince !== undefined && isModified(ifModifiedSince, validators, mode)) return 200;
  if (ifNoneMatch !== undefined && !matchesEtag(ifNoneMatch, validators.etag, true)) return 200;
  return 304;
}

function isUnmodified(header: string, validators: Validators): boolean {
  if (validators.lastModified === undefined) return false;
  return (parseHttpDate(header) ?? -1) >= validators.lastModified;
}

function isModified(header: string, validators: Validators, mode: IfModifiedSince): boolean {
  if (validators.lastModified === undefined || mode === "off") return true;
  const since = parseHttpDate(header) ?? -1;
  if (since === validators.lastModified) return false;
  return mode === "exact" || since < validators.lastModified;
}

/** Whether a list of entity tags, or `*`, names `etag`. Weak comparison ignores `W/` on both sides. */
function matchesEtag(list: string, etag: string | undefined, weak: boolean): boolean {
  if (list === "*") return true;
  if (etag === undefined) return false;
  const wanted = weak && etag.startsWith("W/") ? etag.slice(2) : etag;
  let at = 0;
  while (at < list.length) {
    if (weak && list.length - at > 2 && list.startsWith("W/", at)) at += 2;
    if (wanted.length > list.length - at) return false;
    if (list.startsWith(wanted, at)) {
      at += wanted.length;
      while (list[at] === " " || list[at] === "\t") at++;
      if (at === list.length || list[at] === ",") return true;
    }
    while (at < list.length && list[at] !== ",") at++;
    while (list[at] === " " || list[at] === "\t" || list[at] === ",") at++;
  }
  return false;
}

/** Whether `If-Range` allows the range: a strong entity tag or the exact date. */
export function ifRangeHolds(ifRange: string, validators: Validators): boolean {
  if (ifRange.length >= 2 && ifRange.endsWith('"')) return validators.etag !== undefined && ifRange === validators.etag;
  return validators.lastModified !== undefined && parseHttpDate(ifRange) === validators.lastModified;
}
