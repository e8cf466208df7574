import { EventType, KeeperState } from "../jute/proto-records.ts";

/** Source: org.apache.zookeeper.WatchedEvent. */
export interface WatchedEvent {
  /** An `EventType`; `none` tells of the session. */
  readonly type: number;
  /** A `KeeperState`. */
  readonly state: number;
  /** The client's path, without its chroot; null for events of the session. */
  readonly path: string | null;
}

/** Called once for every event, in the order of the server, before the answer to any later request is. */
export type Watcher = (event: WatchedEvent) => void;

const STATE_NAMES: ReadonlyMap<number, string> = new Map([
  [KeeperState.disconnected, "Disconnected"],
  [KeeperState.syncConnected, "SyncConnected"],
  [KeeperState.authFailed, "AuthFailed"],
  [KeeperState.connectedReadOnly, "ConnectedReadOnly"],
  [KeeperState.saslAuthenticated, "SaslAuthenticated"],
  [KeeperState.expired, "Expired"],
  [KeeperState.closed, "Closed"],
]);

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [EventType.none, "None"],
  [EventType.nodeCreated, "NodeCreated"],
  [EventType.nodeDeleted, "NodeDeleted"],
  [EventType.nodeDataChanged, "NodeDataChanged"],
  [EventType.nodeChildrenChanged, "NodeChildrenChanged"],
  [EventType.dataWatchRemoved, "DataWatchRemoved"],
  [EventType.childWatchRemoved, "ChildWatchRemoved"],
  [EventType.persistentWatchRemoved, "PersistentWatchRemoved"],
]);

/** The original's words: `WatchedEvent state:SyncConnected type:NodeCreated path:/a`. */
export function describeEvent(event: WatchedEvent): string {
  const state = STATE_NAMES.get(event.state) ?? String(event.state);
  const type = TYPE_NAMES.get(event.type) ?? String(event.type);
  return `WatchedEvent state:${state} type:${type} path:${event.path}`;
}
