import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";

/** What a setup script said on its report descriptor before it became the program. */
export interface SetupReport {
  /** The words after `started` or `ready`. */
  readonly words: readonly string[];
}

/** A setup script refused or broke; `detail` is for people. */
export class SetupError extends Error {
  readonly detail: string;

  constructor(detail: string) {
    super(detail);
    this.name = "SetupError";
    this.detail = detail;
  }
}

const REPORT_BYTES_MAX = 64 * 1024;

/**
 * Waits until the script behind `report` says `started …` or `ready …`. Rejects with `SetupError` when it says `error …`,
 * or ends without a word; complaints of the tools it called are part of the words then.
 */
export function readSetupReport(report: Readable, child: Pick<ChildProcess, "once"> | undefined): Promise<SetupReport> {
  return new Promise((resolve, reject) => {
    let text = "";
    const complaints: string[] = [];
    const settle = (failure: string | undefined, words: readonly string[]) => {
      report.removeAllListeners("data");
      report.on("error", () => {});
      report.resume();
      if (failure === undefined) resolve({ words });
      else reject(new SetupError([failure, ...complaints].join(": ")));
    };
    const readLines = () => {
      for (;;) {
        const end = text.indexOf("\n");
        if (end === -1) return;
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        const [kind = "", ...words] = line.split(" ");
        if (kind === "started" || kind === "ready") return settle(undefined, words);
        if (kind === "error") return settle(words.join(" "), []);
        complaints.push(line.trim());
      }
    };
    report.setEncoding("utf8");
    report.on("data", (chunk: string) => {
      if (text.length < REPORT_BYTES_MAX) text += chunk;
      readLines();
    });
    report.once("error", (error) => settle(error.message, []));
    report.once("end", () => settle("ended before it was set up", []));
    child?.once("error", (error: Error) => settle(error.message, []));
  });
}
