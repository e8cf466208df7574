interface TrieNode {
  readonly name: string;
  readonly parent: TrieNode | undefined;
  children: Map<string, TrieNode> | undefined;
  /** Whether a path that was added ends here. */
  isMarked: boolean;
}

/**
 * Paths, and which of them is the longest that another path begins with.
 *
 * Source: org.apache.zookeeper.common.PathTrie.
 */
export class PathTrie {
  #root = makeNode("", undefined);
  #size = 0;

  /** Parts that are empty do not count; a path without parts is not added. */
  add(path: string): void {
    let node = this.#root;
    for (const name of partsOf(path)) {
      node.children ??= new Map();
      let child = node.children.get(name);
      if (child === undefined) node.children.set(name, (child = makeNode(name, node)));
      node = child;
    }
    if (node === this.#root || node.isMarked) return;
    node.isMarked = true;
    this.#size++;
  }

  delete(path: string): void {
    let node: TrieNode | undefined = this.#root;
    for (const name of partsOf(path)) {
      node = node.children?.get(name);
      if (node === undefined) return;
    }
    if (!node.isMarked) return;
    node.isMarked = false;
    this.#size--;
    // What leads to no marked node any more goes, or paths that come and go would leave something behind each.
    while (node.parent !== undefined && !node.isMarked && (node.children?.size ?? 0) === 0) {
      node.parent.children?.delete(node.name);
      node = node.parent;
    }
  }

  /** The longest path added that is `path` or lies above it; undefined if none does. */
  longestPrefix(path: string): string | undefined {
    if (this.#size === 0) return undefined;
    let node: TrieNode | undefined = this.#root;
    let prefix = "";
    let found: string | undefined;
    for (const name of partsOf(path)) {
      node = node.children?.get(name);
      if (node === undefined) break;
      prefix += `/${name}`;
      if (node.isMarked) found = prefix;
    }
    return found;
  }

  clear(): void {
    this.#root = makeNode("", undefined);
    this.#size = 0;
  }
}

function makeNode(name: string, parent: TrieNode | undefined): TrieNode {
  return { name, parent, children: undefined, isMarked: false };
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part.trim() !== "");
}
