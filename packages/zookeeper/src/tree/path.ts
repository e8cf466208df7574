// Source: org.apache.zookeeper.common.PathUtils.

/**
 * What is wrong with a znode's path, in the original's words, or undefined if nothing is.
 *
 * @param isSequential whether ten digits will follow, which makes `/a/` a name to begin with
 */
export function validatePath(path: string, isSequential = false): string | undefined {
  if (isSequential) path += "1";
  if (path.length === 0) return "Path length must be > 0";
  if (path.charCodeAt(0) !== SLASH) return "Path must start with / character";
  if (path.length === 1) return undefined;
  if (path.charCodeAt(path.length - 1) === SLASH) return "Path must not end with / character";
  let start = 1;
  for (let at = 1; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code === 0) return invalid(path, "null character not allowed", at);
    if (code === SLASH) {
      if (at === start) return invalid(path, "empty node name specified", at);
      start = at + 1;
    } else if (code === DOT) {
      const isLast = at + 1 === path.length || path.charCodeAt(at + 1) === SLASH;
      const isRelative = at === start || (at === start + 1 && path.charCodeAt(start) === DOT);
      if (isLast && isRelative) return invalid(path, "relative paths not allowed", at);
    } else if (code <= 0x1f || (code >= 0x7f && (code <= 0x9f || isPrivateOrSpecial(code)))) {
      return invalid(path, "invalid character", at);
    }
  }
  return undefined;
}

/** The path of the parent as the tree knows it: "" for children of the root, and for "/" itself. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The last part of the path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

const SLASH = 0x2f;
const DOT = 0x2e;

/** Surrogates and the private area; the specials at the end of the plane. */
function isPrivateOrSpecial(code: number): boolean {
  return (code >= 0xd800 && code <= 0xf8ff) || code >= 0xfff0;
}

function invalid(path: string, reason: string, at: number): string {
  return `Invalid path string "${path}" caused by ${reason} @${at}`;
}
