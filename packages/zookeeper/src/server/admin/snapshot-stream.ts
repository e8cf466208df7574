import { JuteWriter } from "../../jute/jute-writer.ts";
import type { Zxid } from "../../jute/zxid.ts";
import { ADLER_START, adler32 } from "../../log/adler32.ts";
import { snapshotParts } from "../../log/snapshot-file.ts";
import type { Database } from "../../tree/database.ts";

/** A snapshot in memory, as a file of the original's would be. */
export interface SnapshotBytes {
  readonly zxid: Zxid;
  readonly bytes: number;
  readonly parts: readonly Uint8Array[];
}

/**
 * The whole database as of now, taken in one turn: nothing that is applied while it is sent gets into it, so it needs no log to be
 * complete. At its end stands the zxid, by which the original's `restore` knows where it belongs.
 */
export function takeSnapshot(database: Database): SnapshotBytes {
  const zxid = database.lastProcessedZxid;
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let adler = ADLER_START;
  const add = (part: Uint8Array): void => {
    parts.push(part);
    bytes += part.length;
    adler = adler32(part, 0, part.length, adler);
  };
  for (const part of snapshotParts(database)) add(part.slice());
  const last = new JuteWriter();
  last.long(zxid);
  add(last.written());
  const seal = new JuteWriter();
  seal.long(adler);
  seal.ustring("/");
  add(seal.written());
  return { zxid, bytes, parts };
}
