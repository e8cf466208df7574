const WORDS = new Map([
  ["ECONNREFUSED", "connect: connection refused"],
  ["EHOSTUNREACH", "connect: no route to host"],
  ["ENETUNREACH", "connect: network is unreachable"],
  ["ETIMEDOUT", "i/o timeout"],
]);

/** A failed connection in Go's words: `dial tcp 127.16.0.10:80: connect: connection refused`. */
export function dialError(error: unknown, host: string, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ECONNRESET")
    return /hang up/.test(message) ? "EOF" : `read tcp ${host}:${port}: read: connection reset by peer`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `dial tcp: lookup ${host}: no such host`;
  const words = code === undefined ? undefined : WORDS.get(code);
  if (words !== undefined) return `dial tcp ${host}:${port}: ${words}`;
  return code?.startsWith("HPE_") === true
    ? `net/http: HTTP/1.x transport connection broken: malformed HTTP response`
    : message;
}
