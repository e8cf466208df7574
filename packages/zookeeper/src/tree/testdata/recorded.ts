import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { JuteReader } from "../../jute/jute-reader.ts";
import { parseTxn, type Txn } from "../../jute/txn-records.ts";
import { mustBeZxid, type Zxid } from "../../jute/zxid.ts";

/**
 * `original-3.8.0` is the data directory of a server of the original, version 3.8.0 with extended types, that met every type of
 * transaction, copied while two sessions were open. `expected.json` is what a client of it saw then: the stats, ACLs, data
 * and children of every node, and what `srvr` and `mntr` counted. The zeros behind the logs' last records are cut to 64.
 */
const DIRECTORY = join(import.meta.dirname, "original-3.8.0");

export interface Expected {
  readonly zxid: number;
  readonly nodeCount: number;
  readonly approximateDataSize: number;
  readonly ephemeralCount: number;
  readonly sessions: Readonly<Record<string, number>>;
  readonly nodes: Readonly<Record<string, ExpectedNode>>;
}

interface ExpectedNode {
  /** Base64. */
  readonly data: string | null;
  /** In the order of the fields on the wire. Owners are exact though they pass 2⁵³: they end in zeros. */
  readonly stat: readonly number[];
  readonly acl: ReadonlyArray<readonly [perms: number, scheme: string, id: string]>;
  readonly children: readonly string[];
}

export function recordedState(): Expected {
  return JSON.parse(readFileSync(join(DIRECTORY, "expected.json"), "utf8")) as Expected;
}

/** All transactions of the logs, in order. */
export function recordedTxns(): Txn[] {
  return filesOf("log.").flatMap(({ bytes }) => {
    const reader = new JuteReader(bytes, FILE_HEADER_BYTES);
    const txns: Txn[] = [];
    for (;;) {
      reader.int64();
      const entry = reader.buffer();
      if (entry === null || entry.length === 0) return txns;
      txns.push(parseTxn(entry));
      reader.uint8();
    }
  });
}

/** The snapshots, each with a reader at the beginning of its body. */
export function recordedSnapshots(): Array<{ readonly zxid: Zxid; readonly reader: JuteReader }> {
  return filesOf("snapshot.").map(({ zxid, bytes }) => ({ zxid, reader: new JuteReader(bytes, FILE_HEADER_BYTES) }));
}

const FILE_HEADER_BYTES = 16;

function filesOf(prefix: string): Array<{ readonly zxid: Zxid; readonly bytes: Uint8Array }> {
  return readdirSync(DIRECTORY)
    .filter((name) => name.startsWith(prefix))
    .map((name) => ({
      zxid: mustBeZxid(Number.parseInt(name.slice(prefix.length), 16)),
      bytes: new Uint8Array(readFileSync(join(DIRECTORY, name))),
    }))
    .sort((a, b) => a.zxid - b.zxid);
}
