/** The API's times have whole seconds: `2026-11-23T20:24:29Z`. */
export function apiTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** The API's times with microseconds, as leases and some events have: `2026-11-23T20:24:29.123000Z`. */
export function apiMicroTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 23)}000Z`;
}
