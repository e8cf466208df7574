/** What this server is compatible with; clients decide by it what they may ask (kazoo: `server_version`). */
export const COMPATIBLE_VERSION = "3.9.0";
/** As the original's `Version.getFullVersion()`: version, revision, date of the build. */
export const FULL_VERSION = `${COMPATIBLE_VERSION}-ordinal-0.1.0, built on 2026-11-24 00:00 UTC`;
