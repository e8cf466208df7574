const ROW_BYTES = 16;
const RULE = "+--------+-------------------------------------------------+----------------+";

/** What `get -x` prints; nothing for no bytes. Source: io.netty.buffer.ByteBufUtil.prettyHexDump. */
export function hexDump(bytes: Uint8Array): string {
  if (bytes.length === 0) return "";
  const head = "|  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |";
  const lines = [`         +-------------------------------------------------+`, `         ${head}`, RULE];
  for (let at = 0; at < bytes.length; at += ROW_BYTES) {
    const row = [...bytes.subarray(at, at + ROW_BYTES)];
    const hex = row.map((byte) => ` ${byte.toString(16).padStart(2, "0")}`).join("");
    const text = row.map((byte) => (byte <= 0x1f || byte >= 0x7f ? "." : String.fromCharCode(byte))).join("");
    const offset = at.toString(16).padStart(8, "0");
    lines.push(`|${offset}|${hex.padEnd(ROW_BYTES * 3)} |${text.padEnd(ROW_BYTES)}|`);
  }
  return [...lines, RULE].join("\n");
}
