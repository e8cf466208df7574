/**
 * The most bytes of a log that are written before they are synced, unless a single transaction is larger: more than this after a
 * broken entry is not the work of one crash.
 */
export const MAX_UNSYNCED_BYTES = 16 * 1024 * 1024;

/** What the log gathers for one write and sync. */
export const BATCH_BYTES_MAX = 1024 * 1024;

/** A log is filled with zeros in steps of at most this: one step delays a sync by about a millisecond. */
export const PREALLOCATION_STEP_BYTES = 1024 * 1024;

/** How often the bound of what was acknowledged is made durable itself. */
export const ACKNOWLEDGED_SYNC_MS = 1000;

/** Chunks of a snapshot, of 64 KiB each, that are written before others have a turn, when somebody waits for it. */
export const URGENT_CHUNKS_A_TURN = 16;
