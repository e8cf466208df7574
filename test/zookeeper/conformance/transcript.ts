/**
 * What a server told its clients, as lines of text that two servers must have in common: session ids, times and the zxid at which
 * it all began are taken out, and lists that come from Java's hash sets are sorted.
 */
import type { Acl } from "../../../packages/zookeeper/src/jute/data-records.ts";
import { readAcl, readStat } from "../../../packages/zookeeper/src/jute/data-records.ts";
import { JuteReader } from "../../../packages/zookeeper/src/jute/jute-reader.ts";
import { OpCode, SpecialXid } from "../../../packages/zookeeper/src/jute/op-code.ts";
import {
  EventType,
  readClientInfo,
  readMultiHeader,
  readWatcherEvent,
} from "../../../packages/zookeeper/src/jute/proto-records.ts";

const OP_NAMES = new Map<number, string>(Object.entries(OpCode).map(([name, code]) => [code, name]));
const EVENT_NAMES = new Map<number, string>(Object.entries(EventType).map(([name, code]) => [code, name]));

export function opName(type: number): string {
  return OP_NAMES.get(type) ?? `type ${type}`;
}

export class Transcript {
  readonly lines: string[] = [];
  /** The server's zxid when the transcript began. */
  readonly #base: number;
  readonly #sessions = new Map<bigint, string>();
  /** zxid → the time of its transaction, as stats tell it. */
  readonly #times = new Map<number, number>();

  constructor(baseZxid: number) {
    this.#base = baseZxid;
  }

  add(line: string): void {
    this.lines.push(line);
  }

  nameSession(id: bigint, name: string): void {
    this.#sessions.set(id, name);
  }

  session(id: bigint): string {
    if (id === 0n) return "0";
    const name = this.#sessions.get(id);
    if (name !== undefined) return name;
    // Containers, nodes with a time to live, and ids that the client made up are the same for everyone.
    return `0x${BigInt.asUintN(64, id).toString(16)}`;
  }

  /** Relative to the beginning; those from before it by their distance too, but 0 and -1 as they are. */
  zxid(zxid: number): string {
    if (zxid === 0 || zxid === -1) return String(zxid);
    const distance = zxid - this.#base;
    return distance <= 0 ? "old" : `+${distance}`;
  }

  #time(zxid: number, timeMs: number): string {
    if (timeMs === 0) return "0";
    const known = this.#times.get(zxid);
    this.#times.set(zxid, timeMs);
    if (known !== undefined && known !== timeMs) return `not the time of ${this.zxid(zxid)}`;
    return "t";
  }

  /** A frame that is no handshake. `types` are the requests of each xid that are not answered yet; it takes the first. */
  describe(frame: Uint8Array, types: Map<number, number[]>): string {
    const reader = new JuteReader(frame);
    try {
      const xid = reader.int32();
      const zxid = reader.zxid();
      const error = reader.int32();
      if (xid === SpecialXid.notification && !types.get(xid)?.length) {
        const event = readWatcherEvent(reader);
        // The header's zxid is -1 up to 3.8 and the change's own from 3.9 on.
        return `event ${EVENT_NAMES.get(event.type) ?? event.type} state ${event.state} ${JSON.stringify(event.path)}${rest(reader)}`;
      }
      const type = types.get(xid)?.shift();
      const head = `${type === undefined ? "unasked" : opName(type)} xid ${xid} zxid ${this.zxid(zxid)} error ${error}`;
      // Behind an error nobody reads on: there the original leaves what it had of a multi.
      if (error !== 0) return head;
      const body = type !== undefined && reader.remaining > 0 ? this.#body(type, reader) : "";
      return `${head}${body === "" ? "" : ` ${body}`}${rest(reader)}`;
    } catch {
      return `malformed ${Buffer.from(frame).toString("hex")}`;
    }
  }

  #body(type: number, reader: JuteReader): string {
    switch (type) {
      case OpCode.create:
      case OpCode.sync:
        return JSON.stringify(reader.nullableString());
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        return reader.remaining > 0 ? `${JSON.stringify(reader.ustring())} ${this.#stat(reader)}` : "";
      case OpCode.exists:
      case OpCode.setData:
      case OpCode.setACL:
        return this.#stat(reader);
      case OpCode.getData:
      case OpCode.reconfig:
        return `${text(reader.buffer())} ${this.#stat(reader)}`;
      case OpCode.getACL:
        return `${JSON.stringify(reader.nullableVector(readAcl)?.map(aclText) ?? null)} ${this.#stat(reader)}`;
      case OpCode.getChildren:
      case OpCode.getEphemerals:
        return names(reader);
      case OpCode.getChildren2:
        return `${names(reader)} ${this.#stat(reader)}`;
      case OpCode.getAllChildrenNumber:
        return String(reader.int32());
      case OpCode.whoAmI:
        return reader
          .vector(readClientInfo)
          .map(({ authScheme, user }) => `${authScheme}:${user}`)
          .sort()
          .join(" ");
      case OpCode.multi:
      case OpCode.multiRead:
        return this.#parts(type, reader);
      case OpCode.sasl:
        return text(reader.buffer());
      default:
        return "";
    }
  }

  #parts(outer: number, reader: JuteReader): string {
    const parts: string[] = [];
    for (let header = readMultiHeader(reader); ; header = readMultiHeader(reader)) {
      const head = `${opName(header.type)}${header.done ? " done" : ""} ${header.error}`;
      if (header.done) {
        parts.push(head);
        return `[${parts.join("; ")}]`;
      }
      const body =
        header.type === OpCode.error
          ? String(reader.int32())
          : outer === OpCode.multi && (header.type === OpCode.delete || header.type === OpCode.check)
            ? ""
            : this.#body(header.type, reader);
      parts.push(`${head} ${body}`);
    }
  }

  #stat(reader: JuteReader): string {
    const stat = readStat(reader);
    return [
      `c${this.zxid(stat.czxid)}`,
      `m${this.zxid(stat.mzxid)}`,
      `p${this.zxid(stat.pzxid)}`,
      this.#time(stat.czxid, stat.ctime),
      this.#time(stat.mzxid, stat.mtime),
      `v${stat.version}`,
      `cv${stat.cversion}`,
      `av${stat.aversion}`,
      `owner ${this.session(stat.ephemeralOwner)}`,
      `${stat.dataLength}b`,
      `${stat.numChildren}n`,
    ].join(" ");
  }
}

function names(reader: JuteReader): string {
  return JSON.stringify(reader.vector((from) => from.ustring()).sort());
}

function aclText({ perms, id }: Acl): string {
  return `${perms} ${id.scheme}:${id.id}`;
}

function text(bytes: Uint8Array | null): string {
  return bytes === null ? "null" : JSON.stringify(Buffer.from(bytes).toString("latin1"));
}

function rest(reader: JuteReader): string {
  return reader.remaining === 0 ? "" : ` and ${Buffer.from(reader.bytes(reader.remaining)).toString("hex")}`;
}
