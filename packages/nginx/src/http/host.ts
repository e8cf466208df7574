/**
 * The Host of a request as nginx 1.22.1 validates it (src/http/ngx_http_request.c, ngx_http_validate_host): lower-cased, port
 * and one trailing dot removed. Undefined means 400.
 */
export function validateHost(host: string): string | undefined {
  let dot = host.length;
  let end = host.length;
  let state: "usual" | "literal" | "rest" = "usual";
  for (let i = 0; i < host.length; i++) {
    const ch = host.charCodeAt(i);
    if (ch === 46) {
      if (dot === i - 1) return undefined;
      dot = i;
    } else if (ch === 58) {
      if (state === "usual") {
        end = i;
        state = "rest";
      }
    } else if (ch === 91) {
      if (i === 0) state = "literal";
    } else if (ch === 93) {
      if (state === "literal") {
        end = i + 1;
        state = "rest";
      }
    } else if (ch === 47 || ch <= 32 || ch === 127) {
      return undefined;
    }
  }
  if (dot === end - 1) end--;
  return end === 0 ? undefined : lowerCase(host.slice(0, end));
}

/** Only A to Z: `toLowerCase` would change octets over 0x7f. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase());
}
