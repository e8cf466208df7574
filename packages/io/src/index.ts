export type { Clock, Timer } from "./clock.ts";
export type { Log, LogLevel } from "./log.ts";
export type { Store, StoreOperation, StoreRange, StoreReader, StoreSnapshot } from "./store.ts";
