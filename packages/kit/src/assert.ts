import { InvariantError } from "./errors.ts";

/** Throws an `InvariantError` with code `INVARIANT_BROKEN` unless `condition` holds. Stays on in production. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError("INVARIANT_BROKEN", message);
}

/** The value, which a rule says is there; an `InvariantError` naming `what` if it is not. */
export function defined<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new InvariantError("INVARIANT_BROKEN", `${what} is missing`);
  return value;
}

/** Ends an exhaustive switch: a case that was forgotten is a type error at compile time and throws at run time. */
export function unreachable(value: never, what = "value"): never {
  throw new InvariantError("INVARIANT_BROKEN", `unexpected ${what}: ${String(value)}`);
}
