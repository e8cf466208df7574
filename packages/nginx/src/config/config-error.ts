/**
 * A configuration that cannot be used, in nginx's words. `message` is complete: it ends with ` in FILE:LINE` (or ` in command
 * line` for `-g`) when a place is known.
 */
export class ConfigError extends Error {
  readonly code = "ConfigError";
  /** The file was read to its end before the problem was found: `-t` says that its syntax is ok. */
  readonly syntaxOk: boolean;

  constructor(text: string, place?: Place, syntaxOk = false) {
    super(place === undefined ? text : text + at(place));
    this.name = "ConfigError";
    this.syntaxOk = syntaxOk;
  }
}

/** Where in the configuration; no file means the `-g` parameter. Lines count from 1. */
export interface Place {
  readonly file: string | undefined;
  readonly line: number;
}

/** ` in FILE:LINE`, as it ends errors and warnings. */
export function at(place: Place): string {
  return place.file === undefined ? " in command line" : ` in ${place.file}:${place.line}`;
}
