import { KeeperError } from "../../client/keeper-error.ts";
import { mustBePath, type WriteOperation } from "../../client/operation.ts";
import type { ZooKeeperClient } from "../../client/zookeeper-client.ts";
import { ErrorCode } from "../../jute/error-code.ts";
import { sorted } from "./stat-text.ts";

// Source: org.apache.zookeeper.ZKUtil.

/** How many multis of `deleteSubTree` are on their way at once. */
const DELETES_UNDER_WAY_MAX = 10;

function childPath(path: string, child: string): string {
  return path === "/" ? `/${child}` : `${path}/${child}`;
}

/**
 * Visits a node, then its children, then the children of each: parents always first. What goes while this runs is left out.
 */
export async function visitSubTree(
  client: ZooKeeperClient,
  path: string,
  watch: boolean,
  visit: (path: string) => void | Promise<void>,
): Promise<void> {
  mustBePath(path);
  await client.getData(path, watch);
  await visit(path);
  await visitChildren(client, path, watch, visit);
}

async function visitChildren(
  client: ZooKeeperClient,
  path: string,
  watch: boolean,
  visit: (path: string) => void | Promise<void>,
): Promise<void> {
  let children: string[];
  try {
    children = sorted(await client.getChildren(path, watch));
  } catch (error) {
    if (error instanceof KeeperError && error.errorNumber === ErrorCode.noNode) return;
    throw error;
  }
  for (const child of children) await visit(childPath(path, child));
  for (const child of children) await visitChildren(client, childPath(path, child), watch, visit);
}

/** Deletes a node and all below, the deepest first, `batchSize` in one transaction; false where one of these failed. */
export async function deleteSubTree(client: ZooKeeperClient, path: string, batchSize: number): Promise<boolean> {
  mustBePath(path);
  const tree = await listSubTree(client, path);
  const underWay = new Set<Promise<void>>();
  let hasFailed = false;
  let batch: WriteOperation[] = [];
  for (let at = tree.length - 1; at >= 0 && !hasFailed; at--) {
    batch.push({ kind: "delete", path: tree[at] ?? "" });
    if (batch.length !== batchSize && at !== 0) continue;
    const sent = client
      .multi(batch)
      .catch(() => {
        hasFailed = true;
      })
      .then(() => {
        underWay.delete(sent);
      });
    underWay.add(sent);
    batch = [];
    if (underWay.size >= DELETES_UNDER_WAY_MAX) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  return !hasFailed;
}

async function listSubTree(client: ZooKeeperClient, root: string): Promise<string[]> {
  const tree = [root];
  for (let at = 0; at < tree.length; at++) {
    const path = tree[at] ?? "";
    for (const child of await client.getChildren(path)) tree.push(childPath(path, child));
  }
  return tree;
}
