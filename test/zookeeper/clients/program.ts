import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A program that talks by lines. Ended, if it still runs, with the scope that owns it. */
export class Program implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #closed: Promise<unknown[]>;
  readonly #said: string[] = [];

  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(file, args, { stdio: "pipe", env: { ...process.env, LC_ALL: "C.UTF-8", ...env } });
    this.#closed = once(this.#child, "close");
    this.#child.stdin.on("error", () => undefined);
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => this.#said.push(text));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** The next line of its standard output; an error with all that it said where it has ended instead. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error(`it has ended:\n${this.#said.join("")}`);
    this.#said.push(`${next.value}\n`);
    return next.value;
  }

  /** The next line that has this in it. */
  async lineWith(text: string | RegExp): Promise<string> {
    for (;;) {
      const line = await this.line();
      if (typeof text === "string" ? line.includes(text) : text.test(line)) return line;
    }
  }

  /** Ends its standard input; the rest of its lines, once it has ended well. */
  async end(): Promise<string[]> {
    this.#child.stdin.end();
    const rest: string[] = [];
    for (let next = await this.#lines.next(); next.done !== true; next = await this.#lines.next()) {
      rest.push(next.value);
    }
    const [code] = await this.#closed;
    if (code !== 0) throw new Error(`it ended with ${String(code)}:\n${this.#said.join("")}${rest.join("\n")}`);
    return rest;
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}

/** Debian's Python, which has Debian's kazoo. */
export const PYTHON = "/usr/bin/python3";
