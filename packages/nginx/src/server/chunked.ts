/** A body of known parts as chunks (RFC 9112 section 7.1). */
export function chunked(parts: readonly Buffer[]): readonly Buffer[] {
  const out: Buffer[] = [];
  for (const part of parts) {
    if (part.length > 0) out.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  out.push(Buffer.from("0\r\n\r\n"));
  return out;
}
