import { defined } from "@ordinal/kit";

import type { DataTree } from "../../tree/data-tree.ts";
import type { Database } from "../../tree/database.ts";
import { javaDate } from "../zk-cli/java-date.ts";
import { inJavaOrder, longHash, stringHash } from "./java-order.ts";

// Source: org.apache.zookeeper.server.SnapshotFormatter.

/** Slots of a node's empty set of children, and of a table of sessions. */
const CHILDREN_SLOTS = 8;
const SESSION_SLOTS = 16;
/** The first inode number is one more. */
const INODES_FROM = 1000;

export interface Printer {
  print(line: string): void;
  printRaw(text: string): void;
}

/**
 * Every node with its stat and its data's length, or its data in Base64, and the sessions.
 *
 * @param nameZxid of the file's name; -1 if it has none
 */
export function printDetails(database: Database, nameZxid: number, withData: boolean, out: Printer): void {
  const { tree, sessions } = database;
  out.print(`ZNode Details (count=${tree.nodeCount}):`);
  let last = nameZxid;
  for (const { path } of nodesOf(tree)) {
    const node = defined(tree.node(path), path);
    out.print("----");
    out.print(path);
    out.print(`  cZxid = ${hex(BigInt(node.czxid))}`);
    out.print(`  ctime = ${javaDate(node.ctime)}`);
    out.print(`  mZxid = ${hex(BigInt(node.mzxid))}`);
    out.print(`  mtime = ${javaDate(node.mtime)}`);
    out.print(`  pZxid = ${hex(BigInt(node.pzxid))}`);
    out.print(`  cversion = ${node.cversion}`);
    out.print(`  dataVersion = ${node.version}`);
    out.print(`  aclVersion = ${node.aversion}`);
    out.print(`  ephemeralOwner = ${hex(node.ephemeralOwner)}`);
    if (withData) out.print(`  data = ${Buffer.from(node.data ?? []).toString("base64")}`);
    else out.print(`  dataLength = ${node.dataLength}`);
    last = Math.max(last, node.mzxid, node.pzxid);
  }
  out.print("----");
  out.print("Session Details (sid, timeout, ephemeralCount):");
  for (const [id, timeoutMs] of inJavaOrder(sessions, ([id]) => longHash(id), SESSION_SLOTS)) {
    out.print(`${hex(id)}, ${timeoutMs}, ${tree.ephemeralsOf(id).size}`);
  }
  out.print("----");
  out.print(`Last zxid: 0x${BigInt.asUintN(64, BigInt(last)).toString(16)}`);
}

/** `%#016x`: 16 characters at least, with the `0x`. */
function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16).padStart(14, "0")}`;
}

/** The tree as programs that show the use of disks read it: a node with children is a list that begins with itself. */
export function printJson(database: Database, nowMs: number, out: Printer): void {
  out.printRaw(`[1,0,{"progname":"SnapshotFormatter.java","progver":"0.01","timestamp":${nowMs}}`);
  let inode = INODES_FROM;
  let depth = 0;
  for (const { path, level } of nodesOf(database.tree)) {
    const node = defined(database.tree.node(path), path);
    out.printRaw("]".repeat(Math.max(0, depth - level)));
    depth = Math.min(depth, level);
    const name = path === "/" ? path : path.slice(path.lastIndexOf("/") + 1);
    const size = node.dataLength;
    const text = `{"name":"${jsonText(name)}","asize":${size},"dsize":${size},"dev":0,"ino":${++inode}}`;
    const isList = node.numChildren > 0;
    out.printRaw(`,${isList ? "[" : ""}${text}`);
    if (isList) depth = level + 1;
  }
  out.printRaw(`${"]".repeat(depth)}]`);
}

/** As Jackson quotes: control characters by number in capitals where they have no letter. */
function jsonText(text: string): string {
  const quoted = JSON.stringify(text).slice(1, -1);
  return quoted.replaceAll(/\\u00[0-9a-f]{2}/g, (code) => `\\u${code.slice(2).toUpperCase()}`);
}

interface Visited {
  readonly path: string;
  /** How many nodes are above it. */
  readonly level: number;
}

/** Parents first, children in the original's order. Not by recursion: trees may be deep. */
function* nodesOf(tree: DataTree): Generator<Visited, void> {
  const waiting: Visited[] = [{ path: "/", level: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    const { path, level } = next;
    const children = tree.node(path)?.children ?? [];
    const above = path === "/" ? "" : path;
    for (const name of inJavaOrder(children, stringHash, CHILDREN_SLOTS).reverse()) {
      waiting.push({ path: `${above}/${name}`, level: level + 1 });
    }
  }
}
