import { readSync } from "node:fs";

import { hasCode } from "@ordinal/kit";

/** What a person types: the next word, or undefined when nothing more comes. */
export type Answers = () => string | undefined;

const CHUNK_BYTES = 4096;
const RETRY_MS = 20;

/** The words on standard input, read when they are asked for. Source: java.util.Scanner.next. */
export function standardAnswers(): Answers {
  let text = "";
  let isEnded = false;
  return () => {
    for (;;) {
      const [, word, rest] = /^\s*(\S+)(\s[^]*|$)/.exec(text) ?? [];
      if (word !== undefined && (rest !== "" || isEnded)) {
        text = rest ?? "";
        return word;
      }
      if (isEnded) return undefined;
      const more = readSome();
      if (more === "") isEnded = true;
      text += more;
    }
  };
}

function readSome(): string {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (;;) {
    try {
      return chunk.toString("utf8", 0, readSync(0, chunk));
    } catch (error) {
      if (hasCode(error, "EOF")) return "";
      if (!hasCode(error, "EAGAIN")) throw error;
      // A terminal that somebody made non-blocking: wait for its user.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
