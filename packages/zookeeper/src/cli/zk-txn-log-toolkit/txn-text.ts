import type { Acl } from "../../jute/data-records.ts";
import { JuteReader } from "../../jute/jute-reader.ts";
import { OpCode } from "../../jute/op-code.ts";
import { readTxnHeader, readTxnRecord, type TxnRecord } from "../../jute/txn-records.ts";
import { sessionHex, zxidHex } from "../../jute/zxid.ts";
import { javaDate } from "../zk-cli/java-date.ts";

// Source: TxnLogToolkit.printTxn, Request.op2String; org.apache.jute.ToStringOutputArchive for what has no words of its own.

const NAMES: ReadonlyMap<number, string> = new Map([
  [OpCode.create, "create"],
  [OpCode.delete, "delete"],
  [OpCode.setData, "setData"],
  [OpCode.setACL, "setACL"],
  [OpCode.check, "check"],
  [OpCode.multi, "multi"],
  [OpCode.create2, "create2"],
  [OpCode.reconfig, "reconfig"],
  [OpCode.createContainer, "createContainer"],
  [OpCode.deleteContainer, "deleteContainer"],
  [OpCode.createTTL, "createTtl"],
  [OpCode.createSession, "createSession"],
  [OpCode.closeSession, "closeSession"],
  [OpCode.error, "error"],
]);

/** A transaction as a line of a dump, without its end; a list of ACLs breaks it, as in the original. Throws a `ProtocolError`. */
export function txnText(bytes: Uint8Array): string {
  const reader = new JuteReader(bytes);
  const header = readTxnHeader(reader);
  const text = header.type === OpCode.multi ? multiText(reader) : recordText(readTxnRecord(reader, header.type));
  const cxid = BigInt.asUintN(64, BigInt(header.cxid)).toString(16);
  return (
    `${shortDate(header.timeMs)} session 0x${sessionHex(header.sessionId)} cxid 0x${cxid} zxid 0x${zxidHex(header.zxid)} ` +
    `${opName(header.type)} ${text}`
  );
}

function opName(type: number): string {
  return NAMES.get(type) ?? `unknown ${type}`;
}

/** Parts as they stand in the log: the original does not take them apart. */
function multiText(reader: JuteReader): string {
  const parts = reader.vector((from) => ({ type: from.int32(), data: from.buffer() }));
  return parts.map(({ type, data }) => `${opName(type)}:${utf8(data)}`).join(";");
}

function recordText(record: TxnRecord): string {
  switch (record.type) {
    case OpCode.create:
    case OpCode.create2:
      return `${record.path},${utf8(record.data)},${aclText(record.acl)},${record.ephemeral},${record.parentCVersion}`;
    case OpCode.createContainer:
      return `${record.path},${utf8(record.data)},${aclText(record.acl)},${record.parentCVersion}`;
    case OpCode.createTTL:
      return `${record.path},${utf8(record.data)},${aclText(record.acl)},${record.parentCVersion},${record.ttl}`;
    case OpCode.setData:
    case OpCode.reconfig:
      return `${record.path},${utf8(record.data)},${record.version}`;
    case OpCode.delete:
    case OpCode.deleteContainer:
      return quoted(record.path);
    case OpCode.setACL: {
      const acl = (record.acl ?? []).map(({ perms, id }) => `s{${perms},s{${quoted(id.scheme)},${quoted(id.id)}}}`);
      return `${quoted(record.path)},v{${acl.join(",")}},${record.version}`;
    }
    case OpCode.check:
      return `${quoted(record.path)},${record.version}`;
    case OpCode.createSession:
      return String(record.timeoutMs);
    case OpCode.closeSession:
      return record.paths === undefined ? "" : `v{${record.paths.map(quoted).join(",")}}`;
    case OpCode.error:
      return String(record.error);
    case OpCode.multi:
      return "";
  }
}

/** As `List<ACL>.toString`: every entry ends its line. */
function aclText(acl: readonly Acl[] | null): string {
  if (acl === null) return "null";
  return `[${acl.map(({ perms, id }) => `${perms},s{${quoted(id.scheme)},${quoted(id.id)}}\n`).join(", ")}]`;
}

const ESCAPES: ReadonlyMap<string, string> = new Map(
  ["\0", "\n", "\r", ",", "}", "%"].map((character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
    return [character, `%${code}`];
  }),
);

function quoted(text: string): string {
  return `'${text.replaceAll(/[\0\n\r,}%]/g, (character) => ESCAPES.get(character) ?? character)}`;
}

function utf8(data: Uint8Array | null): string {
  return data === null ? "" : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
}

/** As `DateFormat` with a short date and a long time in English: `11/24/26, 1:50:06 AM UTC`. */
function shortDate(timeMs: number): string {
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return String(timeMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const hour = date.getHours() % 12 === 0 ? 12 : date.getHours() % 12;
  const zone = javaDate(timeMs).split(" ")[4] ?? "";
  const day = `${date.getMonth() + 1}/${date.getDate()}/${two(date.getFullYear() % 100)}`;
  return `${day}, ${hour}:${two(date.getMinutes())}:${two(date.getSeconds())} ${date.getHours() < 12 ? "AM" : "PM"} ${zone}`;
}
