import { ProtocolError } from "@ordinal/kit";

/** What follows the nodes of a snapshot that is sent. Source: org.apache.zookeeper.server.quorum.LearnerHandler. */
export const SNAPSHOT_SIGNATURE = "BenWasHere";
/** The most bytes of a snapshot that a learner takes into memory. */
export const SNAPSHOT_BYTES_MAX = 2 ** 31 - 1;
const TEXT_BYTES_MAX = 2 ** 26;
const STAT_BYTES = 60;
const SESSION_BYTES = 12;
const SLASH = 0x2f;

type Part = "sessions" | "acl-table" | "acl-entry" | "nodes" | "signature" | "done";

/**
 * Finds where a snapshot ends in the stream after SNAP: there is no length, so its records are walked as they come. Source:
 * org.apache.zookeeper.server.util.SerializeUtils.deserializeSnapshot, DataTree.deserialize.
 */
export class SnapshotScanner {
  #bytes = new Uint8Array(64 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #position = 0;
  #part: Part = "sessions";
  /** Elements of the part that are still to come. */
  #left = 0;
  #bodyLength = 0;

  /** Takes the next bytes. True once the snapshot is whole; throws a `ProtocolError` if it is none. */
  push(chunk: Uint8Array): boolean {
    if (this.#length + chunk.length > SNAPSHOT_BYTES_MAX) {
      throw new ProtocolError("SNAPSHOT_TOO_LARGE", `a snapshot of more than ${SNAPSHOT_BYTES_MAX} bytes`);
    }
    this.#reserve(this.#length + chunk.length);
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
    while (this.#part !== "done" && this.#walk()) {
      // one element a turn
    }
    return this.#part === "done";
  }

  /** The snapshot from its sessions to the end of its nodes, without the signature. */
  get body(): Uint8Array {
    return this.#bytes.subarray(0, this.#bodyLength);
  }

  /** What came after the signature: packets again. */
  get rest(): Uint8Array {
    return this.#bytes.slice(this.#position, this.#length);
  }

  get received(): number {
    return this.#length;
  }

  /** Walks one element; false if it is not whole yet. */
  #walk(): boolean {
    switch (this.#part) {
      case "sessions": {
        const count = this.#int32(this.#position);
        if (count === undefined) return false;
        // A count is believed only as its bytes come: skipping needs them all.
        const end = this.#position + 4 + mustBeCount(count) * SESSION_BYTES;
        return this.#skipTo(end, "acl-table");
      }
      case "acl-table": {
        const count = this.#int32(this.#position);
        if (count === undefined) return false;
        this.#left = mustBeCount(count);
        return this.#skipTo(this.#position + 4, this.#left === 0 ? "nodes" : "acl-entry");
      }
      case "acl-entry":
        return this.#walkAclEntry();
      case "nodes":
        return this.#walkNode();
      case "signature":
        return this.#walkSignature();
      default:
        return false;
    }
  }

  #walkAclEntry(): boolean {
    let at: number | undefined = this.#position + 8;
    const acls = this.#int32(at);
    if (acls === undefined) return false;
    at += 4;
    for (let left = acls === -1 ? 0 : mustBeCount(acls); left > 0; left--) {
      at = this.#afterText(at + 4);
      if (at !== undefined) at = this.#afterText(at);
      if (at === undefined) return false;
    }
    this.#left--;
    return this.#skipTo(at, this.#left === 0 ? "nodes" : "acl-entry");
  }

  #walkNode(): boolean {
    const pathAt = this.#position;
    const afterPath = this.#afterText(pathAt);
    if (afterPath === undefined) return false;
    if (afterPath - pathAt === 5 && this.#bytes[pathAt + 4] === SLASH) {
      this.#bodyLength = afterPath;
      return this.#skipTo(afterPath, "signature");
    }
    const afterData = this.#afterText(afterPath);
    return afterData !== undefined && this.#skipTo(afterData + 8 + STAT_BYTES, "nodes");
  }

  #walkSignature(): boolean {
    const at = this.#position;
    const length = this.#int32(at);
    if (length === undefined) return false;
    const wrong = (): ProtocolError => new ProtocolError("BAD_SNAPSHOT", "a snapshot without its signature");
    if (length !== SNAPSHOT_SIGNATURE.length) throw wrong();
    if (at + 4 + length > this.#length) return false;
    const text = Buffer.from(this.#bytes.buffer, at + 4, length).toString("latin1");
    if (text !== SNAPSHOT_SIGNATURE) throw wrong();
    return this.#skipTo(at + 4 + length, "done");
  }

  #int32(at: number): number | undefined {
    return at + 4 > this.#length ? undefined : this.#view.getInt32(at);
  }

  /** The position after a string or buffer; undefined if it is not all there. */
  #afterText(at: number): number | undefined {
    const length = this.#int32(at);
    if (length === undefined) return undefined;
    if (length < -1 || length > TEXT_BYTES_MAX) throw new ProtocolError("BAD_SNAPSHOT", `a field of ${length} bytes`);
    const end = at + 4 + Math.max(0, length);
    return end > this.#length ? undefined : end;
  }

  #skipTo(end: number, next: Part): boolean {
    if (end > this.#length) return false;
    this.#position = end;
    this.#part = next;
    return true;
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.min(SNAPSHOT_BYTES_MAX, Math.max(length, this.#bytes.length * 2)));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function mustBeCount(count: number): number {
  if (count < 0) throw new ProtocolError("BAD_SNAPSHOT", `${count} elements`);
  return count;
}
