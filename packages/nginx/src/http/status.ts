/** Status lines and the pages nginx sends with them (src/http/ngx_http_header_filter_module.c, ngx_http_special_response.c). */

/** The version whose behaviour this server reproduces; it is what `Server`, error pages and `nginx -v` say. */
export const NGINX_VERSION = "nginx/1.22.1";

const REASONS: ReadonlyMap<number, string> = new Map([
  [200, "OK"],
  [201, "Created"],
  [202, "Accepted"],
  [204, "No Content"],
  [206, "Partial Content"],
  [301, "Moved Permanently"],
  [302, "Moved Temporarily"],
  [303, "See Other"],
  [304, "Not Modified"],
  [307, "Temporary Redirect"],
  [308, "Permanent Redirect"],
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [402, "Payment Required"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Not Allowed"],
  [406, "Not Acceptable"],
  [408, "Request Time-out"],
  [409, "Conflict"],
  [410, "Gone"],
  [411, "Length Required"],
  [412, "Precondition Failed"],
  [413, "Request Entity Too Large"],
  [414, "Request-URI Too Large"],
  [415, "Unsupported Media Type"],
  [416, "Requested Range Not Satisfiable"],
  [421, "Misdirected Request"],
  [429, "Too Many Requests"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [502, "Bad Gateway"],
  [503, "Service Temporarily Unavailable"],
  [504, "Gateway Time-out"],
  [505, "HTTP Version Not Supported"],
  [507, "Insufficient Storage"],
]);

/** `HTTP/1.1 404 Not Found`; a code without a phrase keeps the space before it. */
export function statusLine(status: number): string {
  return `HTTP/1.1 ${String(status).padStart(3, "0")} ${REASONS.get(status) ?? ""}`;
}

/** Pages whose title is not the status and its phrase. */
const TITLES: ReadonlyMap<number, string> = new Map([
  [302, "302 Found"],
  [401, "401 Authorization Required"],
  [494, "400 Request Header Or Cookie Too Large"],
  [495, "400 The SSL certificate error"],
  [496, "400 No required SSL certificate was sent"],
  [497, "400 The plain HTTP request was sent to HTTPS port"],
  [498, "404 Not Found"],
]);

const NO_PAGE = new Set([200, 201, 202, 204, 206, 304]);

const SENT_AS_400 = new Set([494, 495, 496, 497]);

/** Statuses of nginx's own that go out under another number. */
export function sentStatus(status: number): number {
  return SENT_AS_400.has(status) ? 400 : status;
}

/** Octets of the padding that pads error pages for MSIE and Chrome. */
const PADDING = "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n".repeat(6);

/** The page of a status, undefined for a status that has none. `signature` is what stands under the rule. */
export function errorPage(status: number, signature: string, padded: boolean): string | undefined {
  if (NO_PAGE.has(status)) return undefined;
  const reason = REASONS.get(status);
  const title = TITLES.get(status) ?? (reason === undefined ? undefined : `${status} ${reason}`);
  if (title === undefined) return undefined;
  const heading = SENT_AS_400.has(status)
    ? `400 Bad Request</h1></center>\r\n<center>${title.slice(4)}</center>`
    : `${title}</h1></center>`;
  const page =
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${heading}\r\n` +
    `<hr><center>${signature}</center>\r\n</body>\r\n</html>\r\n`;
  return padded && status >= 400 ? page + PADDING : page;
}
