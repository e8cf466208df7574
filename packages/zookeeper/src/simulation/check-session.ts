import type { Stat } from "../jute/data-records.ts";
/**
 * Whether what one session saw can be: its writes are where the order of all writes has them, its reads are the tree as of the
 * zxid in the reply, that zxid never goes back, and each watch fires once, in order, before anything newer is shown.
 */
import { ErrorCode } from "../jute/error-code.ts";
import { OpCode } from "../jute/op-code.ts";
import { CreateFlag } from "../jute/op-code.ts";
import { EventType } from "../jute/proto-records.ts";
import type { Txn, TxnRecord } from "../jute/txn-records.ts";
import { sessionHex, zxidHex, type SessionId, type Zxid } from "../jute/zxid.ts";
import { parentOf, type Model, type ModelNode, type WatchKind } from "./model.ts";
import {
  isWrite,
  type Answer,
  type Operation,
  type OperationRecord,
  type PartAnswer,
  type WriteOperation,
} from "./operation.ts";
import type { SessionEvent, SessionRecord } from "./session-record.ts";

/** The committed transaction of a request, if there is one. */
export type TxnOf = (session: SessionId, cxid: number) => Txn | undefined;

const EVENTS_TOLD = 12;

export function checkSession(session: SessionRecord, model: Model, txnOf: TxnOf): void {
  try {
    for (const record of session.operations) checkWrite(session, record, model, txnOf);
    new SessionReplay(session, model).run();
    checkEnd(session, model);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`client ${session.client}, session 0x${sessionHex(session.id)}: ${reason}`, { cause: error });
  }
}

/** What the client knows of its session's end is so. */
function checkEnd(session: SessionRecord, model: Model): void {
  const known = model.sessions.get(session.id);
  must(known !== undefined, "it was never committed");
  if (session.end === "closed" || session.end === "expired") {
    must(known.closedAt !== undefined, `the client was told that it is ${session.end}, and it lives`);
  }
}

function checkWrite(session: SessionRecord, record: OperationRecord, model: Model, txnOf: TxnOf): void {
  const { operation, outcome, xid, ackedBefore } = record;
  if (!isWrite(operation)) return;
  const txn = txnOf(session.id, xid);
  if (txn !== undefined) {
    const { zxid } = txn.header;
    must(
      zxid > ackedBefore,
      `${say(record)} has zxid ${hex(zxid)}, and ${hex(ackedBefore)} was acknowledged before it was asked`,
    );
    checkTxn(record, txn, model);
  }
  if (outcome === undefined) return;
  if (operation.kind === "close") return;
  must(
    txn !== undefined,
    `${say(record)} was answered with ${outcome.error}, and is not among the committed transactions`,
  );
  must(
    outcome.zxid === txn.header.zxid,
    `${say(record)} was answered with zxid ${hex(outcome.zxid)} and has ${hex(txn.header.zxid)}`,
  );
  const error = txn.record.type === OpCode.error ? txn.record.error : ErrorCode.ok;
  must(outcome.error === error, `${say(record)} was answered with ${outcome.error}, and its transaction says ${error}`);
  if (outcome.answer !== undefined) checkAnswer(record, outcome.answer, txn, model);
}

/** The transaction is what was asked for, and can be. */
function checkTxn(record: OperationRecord, txn: Txn, model: Model): void {
  const { operation } = record;
  const { zxid } = txn.header;
  if (operation.kind === "multi") {
    must(txn.record.type === OpCode.multi, `${say(record)} became a transaction of type ${txn.record.type}`);
    const { parts } = txn.record;
    must(parts.length === operation.parts.length, `${say(record)} has ${parts.length} parts`);
    if (parts.some((part) => part.type === OpCode.error)) return;
    for (const [at, part] of parts.entries()) checkPart(operation.parts[at] as WriteOperation, part, say(record));
    return;
  }
  const before = (path: string): ModelNode | undefined => model.at(path, (zxid - 1) as Zxid);
  if (txn.record.type === OpCode.error) {
    checkRefusal(operation, txn.record.error, before, say(record));
    return;
  }
  checkPart(operation as WriteOperation, txn.record, say(record));
  if (operation.kind === "set" || operation.kind === "delete") {
    const version = before(operation.path)?.version;
    const isFree = operation.version === -1 || operation.version === version;
    must(isFree, `${say(record)} was let through with version ${operation.version} where it was ${version}`);
  }
}

function checkPart(asked: WriteOperation, txn: TxnRecord, what: string): void {
  switch (asked.kind) {
    case "create": {
      must(
        txn.type === OpCode.create || txn.type === OpCode.create2,
        `${what} became a transaction of type ${txn.type}`,
      );
      const isSequential = (asked.flags & CreateFlag.persistentSequential) !== 0;
      const isPath = isSequential
        ? txn.path.startsWith(asked.path) && /^\d{10}$/.test(txn.path.slice(asked.path.length))
        : txn.path === asked.path;
      must(isPath, `${what} created ${txn.path}`);
      must(sameBytes(txn.data, asked.data), `${what} created ${txn.path} with other data`);
      must(txn.ephemeral === ((asked.flags & CreateFlag.ephemeral) !== 0), `${what} created a node of another kind`);
      return;
    }
    case "set":
      must(
        txn.type === OpCode.setData && txn.path === asked.path && sameBytes(txn.data, asked.data),
        `${what} set something else`,
      );
      return;
    case "delete":
      must(txn.type === OpCode.delete && txn.path === asked.path, `${what} deleted something else`);
      return;
    case "check":
      must(txn.type === OpCode.check && txn.path === asked.path, `${what} checked something else`);
  }
}

/** An error is one that the tree gave reason for. */
function checkRefusal(
  operation: Operation,
  error: number,
  before: (path: string) => ModelNode | undefined,
  what: string,
): void {
  if (!("path" in operation)) return;
  const node = before(operation.path);
  const parent = before(parentOf(operation.path));
  const why = `${what} was refused with ${error}, without reason`;
  switch (error) {
    case ErrorCode.noNode:
      must(operation.kind === "create" ? parent === undefined : node === undefined, why);
      return;
    case ErrorCode.nodeExists:
      must(operation.kind === "create" && node !== undefined, why);
      return;
    case ErrorCode.badVersion:
      must("version" in operation && node !== undefined && node.version !== operation.version, why);
      return;
    case ErrorCode.notEmpty:
      must(operation.kind === "delete" && (node?.children.length ?? 0) > 0, why);
      return;
    case ErrorCode.noChildrenForEphemerals:
      must(operation.kind === "create" && parent !== undefined && parent.owner !== 0n, why);
      return;
    case ErrorCode.sessionExpired:
    case ErrorCode.sessionMoved:
      return;
    default:
      throw new Error(why);
  }
}

function checkAnswer(record: OperationRecord, answer: Answer, txn: Txn, model: Model): void {
  const { zxid } = txn.header;
  const what = say(record);
  if (txn.record.type === OpCode.multi) {
    checkMultiAnswer(answer.parts ?? [], txn.record.parts, zxid, model, what);
    return;
  }
  const path = "path" in txn.record ? txn.record.path : "";
  if (answer.path !== undefined) must(answer.path === path, `${what} was told ${answer.path} and created ${path}`);
  if (answer.stat !== undefined) checkStat(answer.stat, model.at(path, zxid), what);
}

function checkMultiAnswer(
  answers: readonly PartAnswer[],
  parts: readonly TxnRecord[],
  zxid: Zxid,
  model: Model,
  what: string,
): void {
  must(answers.length === parts.length, `${what} was answered with ${answers.length} parts`);
  const firstError = parts.findIndex((part) => part.type === OpCode.error);
  // A node may be created and set in one multi: the stats of the parts are those of its end only for the last.
  for (const [at, answer] of answers.entries()) {
    const part = parts[at] as TxnRecord;
    let error: number = ErrorCode.ok;
    if (part.type === OpCode.error) error = part.error;
    else if (firstError !== -1 && at > firstError) error = ErrorCode.runtimeInconsistency;
    must(answer.error === error, `part ${at} of ${what} was answered with ${answer.error}, not ${error}`);
    if (answer.path !== undefined) must("path" in part && answer.path === part.path, `${what} was told ${answer.path}`);
    const isLast = !parts
      .slice(at + 1)
      .some((later) => "path" in later && "path" in part && touches(later.path, part.path));
    if (answer.stat !== undefined && isLast && "path" in part) checkStat(answer.stat, model.at(part.path, zxid), what);
  }
}

const touches = (path: string, other: string): boolean => path === other || parentOf(path) === other;

function checkStat(stat: Stat, node: ModelNode | undefined, what: string): void {
  must(node !== undefined, `${what} was told of a node that is not there`);
  const told = [
    stat.czxid,
    stat.mzxid,
    stat.pzxid,
    stat.version,
    stat.cversion,
    stat.ephemeralOwner,
    stat.numChildren,
    stat.dataLength,
  ];
  const cversion = node.cversion * 2 - node.children.length;
  const real = [
    node.czxid,
    node.mzxid,
    node.pzxid,
    node.version,
    cversion,
    node.owner,
    node.children.length,
    node.data?.length ?? 0,
  ];
  must(
    told.every((value, at) => value === real[at]),
    `${what} was told [${told.join(" ")}], and it is [${real.join(" ")}]`,
  );
}

interface ActiveWatch {
  readonly kind: WatchKind;
  readonly path: string;
  /** The tree as of this zxid did not fire it. */
  sinceZxid: Zxid;
  /** It was asked for again: what happened meanwhile is told as one event. */
  isRestored: boolean;
}

class SessionReplay {
  readonly #session: SessionRecord;
  readonly #model: Model;
  readonly #watches = new Map<string, ActiveWatch>();
  #lastZxid = 0 as Zxid;
  #lastEventZxid = 0 as Zxid;

  constructor(session: SessionRecord, model: Model) {
    this.#session = session;
    this.#model = model;
  }

  run(): void {
    const { events } = this.#session;
    for (const [at, event] of events.entries()) {
      try {
        this.#take(event);
      } catch (error) {
        const before = events.slice(Math.max(0, at - EVENTS_TOLD), at + 1).map((each) => `    ${sayEvent(each)}`);
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error([reason, "  what the client saw last:", ...before].join("\n"), { cause: error });
      }
    }
  }

  #take(event: SessionEvent): void {
    switch (event.kind) {
      case "connected":
        this.#lastEventZxid = 0 as Zxid;
        for (const watch of this.#watches.values()) watch.isRestored = true;
        return;
      case "disconnected":
        return;
      case "seen":
        this.#see(event.zxid, "a reply");
        if (event.restored !== undefined) this.#restored(event.zxid);
        this.#mustHaveFired(event.zxid);
        return;
      case "event":
        this.#fired(event.type, event.path, event.zxid);
        return;
      case "reply":
        this.#reply(event.record);
    }
  }

  #see(zxid: Zxid, what: string): void {
    must(zxid >= this.#lastZxid, `${what} shows zxid ${hex(zxid)} after ${hex(this.#lastZxid)}`);
    this.#lastZxid = zxid;
  }

  /** A node that came and went while nobody was connected leaves no trace, and its watch waits on. */
  #restored(zxid: Zxid): void {
    for (const watch of this.#watches.values()) {
      if (watch.kind === "data" && this.#model.at(watch.path, watch.sinceZxid) === undefined) {
        if (this.#model.at(watch.path, zxid) === undefined) watch.sinceZxid = zxid;
      }
    }
  }

  #mustHaveFired(zxid: Zxid): void {
    for (const watch of this.#watches.values()) {
      const trigger = this.#model.firstTrigger(watch.kind, watch.path, watch.sinceZxid);
      const isDue = trigger !== undefined && trigger.zxid <= zxid;
      must(
        !isDue,
        `zxid ${hex(zxid)} is shown, and the ${watch.kind} watch of ${watch.path} since ${hex(watch.sinceZxid)} was not told of ${hex(trigger?.zxid ?? zxid)}`,
      );
    }
  }

  #fired(type: number, path: string, shownZxid: Zxid): void {
    const kinds: WatchKind[] =
      type === EventType.nodeChildrenChanged
        ? ["child"]
        : type === EventType.nodeDeleted
          ? ["data", "child"]
          : ["data"];
    const fired = kinds.flatMap((kind) => this.#watches.get(`${kind} ${path}`) ?? []);
    must(fired.length > 0, `an event ${type} of ${path}, which nobody waits for`);
    let isExplained = false;
    for (const watch of fired) {
      this.#watches.delete(`${watch.kind} ${path}`);
      const trigger = this.#model.firstTrigger(watch.kind, path, watch.sinceZxid);
      must(trigger !== undefined, `an event ${type} of ${path}, where nothing happened after ${hex(watch.sinceZxid)}`);
      if (watch.isRestored) {
        isExplained = true;
        continue;
      }
      if (trigger.type !== type) continue;
      isExplained = true;
      must(
        trigger.zxid >= this.#lastEventZxid,
        `the event of ${hex(trigger.zxid)} comes after that of ${hex(this.#lastEventZxid)}`,
      );
      must(shownZxid === -1 || shownZxid === trigger.zxid, `the event of ${hex(trigger.zxid)} says ${hex(shownZxid)}`);
      this.#lastEventZxid = trigger.zxid;
    }
    must(isExplained, `an event ${type} of ${path}, where something else happened`);
  }

  #reply(record: OperationRecord): void {
    const { operation, outcome, ackedBefore } = record;
    if (outcome === undefined) return;
    const { zxid, error, answer } = outcome;
    this.#see(zxid, say(record));
    if (operation.kind === "sync")
      must(zxid >= ackedBefore, `${say(record)} shows ${hex(zxid)}, and ${hex(ackedBefore)} was acknowledged before`);
    if (!isWrite(operation) && operation.kind !== "sync") this.#checkRead(record, zxid, error, answer);
    this.#mustHaveFired(zxid);
    if (!("watch" in operation) || !operation.watch) return;
    if (error !== ErrorCode.ok && operation.kind !== "exists") return;
    const kind: WatchKind = operation.kind === "children" ? "child" : "data";
    const key = `${kind} ${operation.path}`;
    const before = this.#watches.get(key);
    if (before === undefined)
      this.#watches.set(key, { kind, path: operation.path, sinceZxid: zxid, isRestored: false });
  }

  #checkRead(record: OperationRecord, zxid: Zxid, error: number, answer: Answer | undefined): void {
    const { operation } = record;
    if (!("path" in operation)) return;
    const node = this.#model.at(operation.path, zxid);
    const what = `${say(record)} at ${hex(zxid)}`;
    if (node === undefined) {
      must(error === ErrorCode.noNode, `${what} was answered with ${error} where no node is`);
      return;
    }
    must(error === ErrorCode.ok && answer !== undefined, `${what} was answered with ${error} where a node is`);
    if (answer.stat !== undefined) checkStat(answer.stat, node, what);
    if (operation.kind === "get") must(sameBytes(answer.data ?? null, node.data), `${what} shows other data`);
    if (operation.kind === "children") {
      const told = [...(answer.children ?? [])].sort().join();
      must(told === [...node.children].sort().join(), `${what} shows the children ${told}`);
    }
  }
}

export function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return (a?.length ?? 0) === (b?.length ?? 0);
  return Buffer.compare(a, b) === 0;
}

function say({ operation, xid }: OperationRecord): string {
  const path = "path" in operation ? ` ${operation.path}` : "";
  return `${operation.kind}${path} (xid ${xid})`;
}

function sayEvent(event: SessionEvent): string {
  switch (event.kind) {
    case "connected":
      return `connected, having seen ${hex(event.lastZxid)}`;
    case "disconnected":
      return "disconnected";
    case "seen":
      return `${event.restored === undefined ? "ping" : "setWatches"} at ${hex(event.zxid)}`;
    case "event":
      return `event ${event.type} of ${event.path}`;
    case "reply": {
      const { operation, outcome } = event.record;
      const watch = "watch" in operation && operation.watch ? " and watch" : "";
      return `${say(event.record)}${watch}: ${outcome?.error} at ${hex(outcome?.zxid ?? (0 as Zxid))}`;
    }
  }
}

const hex = (zxid: Zxid): string => zxidHex(zxid);

function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
