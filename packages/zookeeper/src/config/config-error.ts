import { RefusedError } from "@ordinal/kit";

/** A configuration that cannot mean anything; the message is the original's where the original has one. */
export class ConfigError extends RefusedError<"BAD_CONFIG"> {
  constructor(message: string) {
    super("BAD_CONFIG", message);
  }
}
