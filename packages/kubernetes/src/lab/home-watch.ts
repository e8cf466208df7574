import { statSync } from "node:fs";
import { join } from "node:path";

const CHECK_MS = 1000;

/**
 * Notices that a running lab's folder was deleted, moved away or replaced: no command could find the lab any more, and its
 * volumes are gone. `gone` resolves with a sentence for the user and never rejects.
 */
export function watchHome(directory: string): { readonly gone: Promise<string>; stop(): void } {
  const { promise: gone, resolve } = Promise.withResolvers<string>();
  const known = identity(directory);
  const timer = setInterval(() => {
    if (identity(directory) === known) return;
    clearInterval(timer);
    resolve(
      `The lab's folder ${directory} was removed or replaced while the lab ran; the lab ends, and its pods with it.`,
    );
  }, CHECK_MS).unref();
  return { gone, stop: () => clearInterval(timer) };
}

/** Of the version file: it is written once, and a folder that is deleted while pods write may itself stay. */
function identity(directory: string): string | undefined {
  try {
    const { dev, ino } = statSync(join(directory, "version"), { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
