import type { HttpRequest } from "./request.ts";

/** The file of a request (src/http/ngx_http_core_module.c, ngx_http_map_uri_to_path): `root` before the URI, or `alias` instead of the location's prefix. */
export function filePath(request: HttpRequest, root: string, path = request.path): string {
  const { match, settings } = request.location;
  if (!settings.alias) return root + path;
  // In a location by regular expression, `alias` names the whole file.
  return match.kind === "regex" ? root : root + path.slice(match.path.length);
}
