import { type Acl, readAcl, writeAcl } from "../jute/data-records.ts";
import type { JuteReader } from "../jute/jute-reader.ts";
import type { JuteWriter } from "../jute/jute-writer.ts";
import { Permission } from "../jute/op-code.ts";

/** The key of a node without a list: everybody may do everything. */
export const OPEN_ACL_KEY = -1;
/** Of a node in a fuzzy snapshot whose list came after the table was written; replay gives it its own. */
const UNKNOWN_ACL_KEY = -2;
export const OPEN_ACL: readonly Acl[] = [{ perms: Permission.all, id: { scheme: "world", id: "anyone" } }];
/** What a node is held to whose key the table does not know: nobody may do anything. */
const CLOSED_ACL: readonly Acl[] = [{ perms: 0, id: { scheme: "world", id: "anyone" } }];

interface Entry {
  readonly key: number;
  readonly acl: readonly Acl[];
  uses: number;
}

/**
 * Each list of ACLs once, by a number that nodes carry and snapshots hold; a list that no node uses any more goes.
 *
 * Source: org.apache.zookeeper.server.ReferenceCountedACLCache.
 */
export class AclTable {
  readonly #byKey = new Map<number, Entry>();
  readonly #byText = new Map<string, Entry>();
  #lastKey = 0;
  /** Nodes are made with the same list many times in a row. */
  #recent: Entry | undefined;

  get size(): number {
    return this.#byKey.size;
  }

  /** The key of this list, which has one more use now. Null is the open list, which is not counted. */
  use(acl: readonly Acl[] | null): number {
    if (acl === null) return OPEN_ACL_KEY;
    const recent = this.#recent;
    if (recent !== undefined && sameAcl(recent.acl, acl)) {
      recent.uses++;
      return recent.key;
    }
    const text = aclText(acl);
    let entry = this.#byText.get(text);
    if (entry === undefined) {
      entry = { key: ++this.#lastKey, acl, uses: 0 };
      this.#byKey.set(entry.key, entry);
      this.#byText.set(text, entry);
    }
    entry.uses++;
    this.#recent = entry;
    return entry.key;
  }

  /**
   * A node read from a snapshot uses this key, or the one that is answered: a key that the table does not hold may soon be another
   * list's, which must not lose a use by what is done to this node.
   */
  useKey(key: number): number {
    if (key === OPEN_ACL_KEY) return key;
    const entry = this.#byKey.get(key);
    if (entry === undefined) return UNKNOWN_ACL_KEY;
    entry.uses++;
    return key;
  }

  release(key: number): void {
    const entry = this.#byKey.get(key);
    if (entry !== undefined && --entry.uses <= 0) this.#drop(entry);
  }

  get(key: number): readonly Acl[] {
    if (key === OPEN_ACL_KEY) return OPEN_ACL;
    return this.#byKey.get(key)?.acl ?? CLOSED_ACL;
  }

  /** How many nodes use the key. */
  usesOf(key: number): number {
    return this.#byKey.get(key)?.uses ?? 0;
  }

  /** After a snapshot was read: lists without a node go. */
  purgeUnused(): void {
    for (const entry of this.#byKey.values()) if (entry.uses <= 0) this.#drop(entry);
  }

  /** Before a snapshot is read: keys begin anew. */
  clear(): void {
    this.#byKey.clear();
    this.#byText.clear();
    this.#recent = undefined;
    this.#lastKey = 0;
  }

  /** A list from a snapshot, without uses yet. */
  restore(key: number, acl: readonly Acl[]): void {
    const entry: Entry = { key, acl, uses: 0 };
    this.#lastKey = Math.max(this.#lastKey, key);
    this.#byKey.set(key, entry);
    this.#byText.set(aclText(acl), entry);
  }

  entries(): ReadonlyArray<readonly [key: number, acl: readonly Acl[]]> {
    return [...this.#byKey.values()].map((entry) => [entry.key, entry.acl]);
  }

  #drop(entry: Entry): void {
    this.#byKey.delete(entry.key);
    const text = aclText(entry.acl);
    if (this.#byText.get(text) === entry) this.#byText.delete(text);
    if (this.#recent === entry) this.#recent = undefined;
  }
}

/** One list of the table as snapshots hold it. */
export function writeAclEntry(writer: JuteWriter, key: number, acl: readonly Acl[]): void {
  writer.long(key);
  writer.vector(acl, writeAcl);
}

export function readAclEntry(reader: JuteReader): readonly [key: number, acl: readonly Acl[]] {
  return [reader.long(), reader.vector(readAcl)];
}

/** The same for equal lists, order included, and for those only: fields are told apart by a character no length is made of. */
function aclText(acl: readonly Acl[]): string {
  let text = "";
  for (const { perms, id } of acl) text += `${perms},${id.scheme.length}:${id.scheme}${id.id.length}:${id.id};`;
  return text;
}

function sameAcl(a: readonly Acl[], b: readonly Acl[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every((acl, at) => {
    const other = b[at];
    return acl.perms === other?.perms && acl.id.scheme === other.id.scheme && acl.id.id === other.id.id;
  });
}
