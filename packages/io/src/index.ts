export type { Clock, Timer } from "./clock.ts";
export { openStore, type OpenStoreOptions } from "./level-store/open-store.ts";
export type { Log, LogLevel } from "./log.ts";
export { realClock } from "./real-clock.ts";
export { realRandom, type Random } from "./random.ts";
export { StoreError, type StoreErrorCode } from "./store-error.ts";
export type { Store, StoreOperation, StoreRange, StoreReader, StoreSnapshot } from "./store.ts";
export { explainSystemError, systemErrorCode } from "./system-error.ts";
export { createLog, type TextLogOptions } from "./text-log.ts";
