import type { Log } from "@ordinal/io";

/** Keeps the events, prints nothing. */
export function silentLog(): Log & { readonly events: string[] } {
  const events: string[] = [];
  const note = (event: string) => void events.push(event);
  return { events, debug: note, info: note, warn: note, error: note };
}
