/** npm and its like hand on a Ctrl-C that the terminal has sent to everybody already: the same key, told twice. */
const SAME_KEY_MS = 500;

/** Calls `stop` at the first signal that asks this process to end, and `hurry` when someone presses Ctrl-C again after that. */
export function onStopRequest(stop: (signal: string) => void, hurry: () => void): void {
  let askedAt: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      if (askedAt === undefined) {
        askedAt = performance.now();
        stop(signal);
      } else if (signal === "SIGINT" && performance.now() - askedAt > SAME_KEY_MS) hurry();
    });
}
