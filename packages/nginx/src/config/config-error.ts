/**
 * A configuration that cannot be used, in nginx's words. `message` is complete: it ends with ` in FILE:LINE` (or ` in command
 * line` for `-g`) when a place is known.
 */
export class ConfigError extends Error {
  readonly code = "ConfigError";

  constructor(text: string, place?: Place) {
    super(
      place === undefined
        ? text
        : `${text} in ${place.file === undefined ? "command line" : `${place.file}:${place.line}`}`,
    );
    this.name = "ConfigError";
  }
}

/** Where in the configuration; no file means the `-g` parameter. Lines count from 1. */
export interface Place {
  readonly file: string | undefined;
  readonly line: number;
}
