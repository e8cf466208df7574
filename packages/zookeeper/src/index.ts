export { connect } from "./client/connect.ts";
export { BadPathError, KeeperError } from "./client/keeper-error.ts";
export type { CreateOptions, OperationResult, ReadOperation, WriteOperation } from "./client/operation.ts";
export type { WatchedEvent, Watcher } from "./client/watched-event.ts";
export { AddWatchMode, type ClientOptions, type ZooKeeperClient } from "./client/zookeeper-client.ts";
export { ErrorCode } from "./jute/error-code.ts";
export { CreateFlag, OpCode, Permission } from "./jute/op-code.ts";
export { loadServerConfig } from "./config/load-shell.ts";
export type { ServerConfig } from "./config/server-config.ts";
export { Ensemble, type EnsembleServer } from "./ensemble/ensemble.ts";
export { EnsembleError } from "./ensemble/ensemble-error.ts";
export { type EnsembleOptions, startEnsemble } from "./ensemble/start-ensemble.ts";
export { parseZooCfg } from "./config/zoo-cfg.ts";
export { realMachine } from "./server/real-machine.ts";
export { realServerPorts } from "./server/real-ports.ts";
export {
  type RunningServer,
  type ServerAddresses,
  type ServerOptions,
  type ServerPorts,
  startZooKeeper,
} from "./server/server.ts";
