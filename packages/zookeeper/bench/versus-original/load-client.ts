import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { LoadAnswer, LoadJob, LoadResult } from "./load-job.ts";

/** The load process, from its parent. It ends with its parent. */
export class LoadClient implements Disposable {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(fileURLToPath(new URL("load-process.ts", import.meta.url)), [], { execArgv: [] });
  }

  /** One job at a time. Rejects where it fails. */
  run(job: LoadJob): Promise<LoadResult> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const exited = (code: number | null): void => reject(new Error(`the load process ended with ${code}`));
      child.once("exit", exited);
      child.once("message", (answer: LoadAnswer) => {
        child.off("exit", exited);
        if (answer.kind === "result") resolve(answer.result);
        else reject(new Error(answer.message));
      });
      child.send(job);
    });
  }

  [Symbol.dispose](): void {
    this.#child.disconnect();
  }
}
