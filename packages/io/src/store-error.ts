import { CodedError } from "@ordinal/kit";

/**
 * - `STORE_LOCKED`: another process (or this one, a second time) has the store open.
 * - `STORE_DAMAGED`: what is on the disk is not what was acknowledged. Nothing repairs it; keep the folder.
 * - `STORE_FAILED`: a read, a write or a sync failed; after a failed write nothing more is written until it is opened anew.
 * - `STORE_CLOSED`: it was closed before.
 */
export type StoreErrorCode = "STORE_LOCKED" | "STORE_DAMAGED" | "STORE_FAILED" | "STORE_CLOSED";

export class StoreError extends CodedError<StoreErrorCode> {}
