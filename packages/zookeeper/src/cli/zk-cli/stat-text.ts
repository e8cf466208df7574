import type { Acl, Stat } from "../../jute/data-records.ts";
import { Permission } from "../../jute/op-code.ts";
import { sessionHex, zxidHex } from "../../jute/zxid.ts";
import { javaDate } from "./java-date.ts";
import type { Output } from "./output.ts";

/** Source: org.apache.zookeeper.cli.StatPrinter. */
export function printStat(stat: Stat, output: Output): void {
  output.print(`cZxid = 0x${zxidHex(stat.czxid)}`);
  output.print(`ctime = ${javaDate(stat.ctime)}`);
  output.print(`mZxid = 0x${zxidHex(stat.mzxid)}`);
  output.print(`mtime = ${javaDate(stat.mtime)}`);
  output.print(`pZxid = 0x${zxidHex(stat.pzxid)}`);
  output.print(`cversion = ${stat.cversion}`);
  output.print(`dataVersion = ${stat.version}`);
  output.print(`aclVersion = ${stat.aversion}`);
  output.print(`ephemeralOwner = 0x${sessionHex(stat.ephemeralOwner)}`);
  output.print(`dataLength = ${stat.dataLength}`);
  output.print(`numChildren = ${stat.numChildren}`);
}

const LETTERS = [
  [Permission.create, "c"],
  [Permission.delete, "d"],
  [Permission.read, "r"],
  [Permission.write, "w"],
  [Permission.admin, "a"],
] as const;

/** `'world,'anyone` and, on the next line, `: cdrwa`. Sources: the generated Id.toString, ZKUtil.getPermString. */
export function aclText({ id, perms }: Acl): string {
  const letters = LETTERS.filter(([bit]) => (perms & bit) !== 0).map(([, letter]) => letter);
  return `${csvString(id.scheme)},${csvString(id.id)}\n: ${letters.join("")}`;
}

/** A string in jute's text form. Source: org.apache.jute.Utils.toCSVString. */
function csvString(text: string): string {
  return `'${text.replace(/[%\0\n\r,}]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`)}`;
}

/** A list as Java writes it. */
export function javaList(items: readonly string[]): string {
  return `[${items.join(", ")}]`;
}

/** The order of `String.compareTo`: by UTF-16 units, as JavaScript's own. */
export function sorted(names: readonly string[]): string[] {
  return [...names].sort();
}
