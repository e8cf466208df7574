import { OpCode } from "../jute/op-code.ts";

// Source: org.apache.zookeeper.server.Request (isValid, isQuorum).

/** Requests that change the tree or the sessions, or that must be ordered with those that do. */
const ORDERED: ReadonlySet<number> = new Set([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.deleteContainer,
  OpCode.setData,
  OpCode.setACL,
  OpCode.multi,
  OpCode.reconfig,
  OpCode.sync,
  OpCode.createSession,
  OpCode.closeSession,
]);

const READS: ReadonlySet<number> = new Set([
  OpCode.exists,
  OpCode.getData,
  OpCode.getACL,
  OpCode.getChildren,
  OpCode.getChildren2,
  OpCode.getAllChildrenNumber,
  OpCode.getEphemerals,
  OpCode.multiRead,
  OpCode.setWatches,
  OpCode.setWatches2,
  OpCode.checkWatches,
  OpCode.removeWatches,
  OpCode.addWatch,
  OpCode.whoAmI,
]);

/** Goes through `Replica.submit`, is prepared by who orders transactions, and is answered by `answerWrite`. */
export function isOrdered(type: number): boolean {
  return ORDERED.has(type);
}

/** Answered by `answerRead` on the server that has the client. */
export function isRead(type: number): boolean {
  return READS.has(type);
}

/**
 * Whether a client may send this type. Anything else, such as a lone `check`, is answered with Unimplemented, and then the
 * connection is closed. Not here, because they never become requests: ping, auth, sasl. The original lets clients send
 * createSession and deleteContainer; they are the servers' own, and no client library sends them, so here they are Unimplemented.
 */
export function isClientRequest(type: number): boolean {
  if (type === OpCode.createSession || type === OpCode.deleteContainer) return false;
  return ORDERED.has(type) || READS.has(type);
}
