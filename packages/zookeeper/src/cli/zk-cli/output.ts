import { writeSync } from "node:fs";

import { hasCode } from "@ordinal/kit";

/** Where results and messages go. */
export interface Output {
  /** Standard output, a line. */
  print(line: string): void;
  /** Standard output, as it is. */
  printRaw(text: string): void;
  /** Standard error, a line. */
  printError(line: string): void;
}

const RETRY_MS = 5;

/** The process's own: written at once, so that nothing is lost when it ends; nobody reading ends the process. */
export const standardOutput: Output = {
  print: (line) => writeAll(1, `${line}\n`),
  printRaw: (text) => writeAll(1, text),
  printError: (line) => writeAll(2, `${line}\n`),
};

function writeAll(descriptor: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if (hasCode(error, "EPIPE")) process.exit(1);
      if (!hasCode(error, "EAGAIN")) throw error;
      // Somebody made the pipe non-blocking; wait for its reader.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
