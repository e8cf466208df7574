import { ProtocolError } from "@ordinal/kit";

import { JuteReader } from "../jute/jute-reader.ts";
import { TREE_DEFAULTS, type TreeOptions } from "./data-tree.ts";
import { Database } from "./database.ts";
import { SnapshotBodyReader } from "./snapshot-body.ts";

/** The longest session, ACL list or node that is waited for: a node's data may be as long as `jute.maxbuffer` was then. */
const RECORD_BYTES_MAX = 64 * 1024 * 1024;

/** Reads the body of a snapshot from a stream that tells nobody where it ends, as SNAP sends it. */
export class SnapshotStream {
  readonly #database: Database;
  readonly #body: SnapshotBodyReader;
  /** The beginning of a record whose rest is on its way. */
  #pending = new Uint8Array(0);

  constructor(options: TreeOptions = TREE_DEFAULTS) {
    this.#database = new Database(options);
    this.#body = new SnapshotBodyReader(this.#database.tree, this.#database.sessions);
  }

  /**
   * Takes the next bytes. When the body is whole it answers with the database and the bytes that came after it; more must not
   * be pushed then. A `ProtocolError` for what is no snapshot.
   */
  push(bytes: Uint8Array): { readonly database: Database; readonly rest: Uint8Array } | undefined {
    const all = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const reader = new JuteReader(all);
    let start = 0;
    while (!this.#body.done) {
      start = reader.position;
      try {
        this.#body.read(reader);
      } catch (error) {
        const isCutShort = error instanceof ProtocolError && CUT_SHORT.has(error.code);
        if (!isCutShort || all.length - start > RECORD_BYTES_MAX) throw error;
        this.#pending = all.slice(start);
        return undefined;
      }
    }
    this.#pending = new Uint8Array(0);
    return { database: this.#database, rest: all.subarray(reader.position) };
  }
}

const CUT_SHORT: ReadonlySet<string> = new Set(["TRUNCATED", "BAD_LENGTH", "BAD_VECTOR"]);
