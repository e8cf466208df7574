import type { JuteReader } from "./jute-reader.ts";
import type { JuteWriter } from "./jute-writer.ts";
import type { Zxid } from "./zxid.ts";

// Source: zookeeper.jute, module org.apache.zookeeper.data.

export interface Id {
  readonly scheme: string;
  readonly id: string;
}

export interface Acl {
  /** Bits of `Permission`. */
  readonly perms: number;
  readonly id: Id;
}

/** What a client sees of a node: 68 bytes. */
export interface Stat {
  readonly czxid: Zxid;
  readonly mzxid: Zxid;
  /** Milliseconds since the epoch. */
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: Zxid;
}

export function readId(reader: JuteReader): Id {
  return { scheme: reader.ustring(), id: reader.ustring() };
}

export function writeId(writer: JuteWriter, id: Id): void {
  writer.ustring(id.scheme);
  writer.ustring(id.id);
}

export function readAcl(reader: JuteReader): Acl {
  return { perms: reader.int32(), id: readId(reader) };
}

export function writeAcl(writer: JuteWriter, acl: Acl): void {
  writer.int32(acl.perms);
  writeId(writer, acl.id);
}

export function readStat(reader: JuteReader): Stat {
  return {
    czxid: reader.zxid(),
    mzxid: reader.zxid(),
    ctime: reader.long(),
    mtime: reader.long(),
    version: reader.int32(),
    cversion: reader.int32(),
    aversion: reader.int32(),
    ephemeralOwner: reader.int64(),
    dataLength: reader.int32(),
    numChildren: reader.int32(),
    pzxid: reader.zxid(),
  };
}

export function writeStat(writer: JuteWriter, stat: Stat): void {
  writer.long(stat.czxid);
  writer.long(stat.mzxid);
  writer.long(stat.ctime);
  writer.long(stat.mtime);
  writer.int32(stat.version);
  writer.int32(stat.cversion);
  writer.int32(stat.aversion);
  writer.int64(stat.ephemeralOwner);
  writer.int32(stat.dataLength);
  writer.int32(stat.numChildren);
  writer.long(stat.pzxid);
}
