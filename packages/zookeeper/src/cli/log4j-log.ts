/**
 * The log in the shape of the original's console appender, which is what people's log pipelines take apart:
 *
 *     2016-12-06 19:34:16,236 [myid:1] - INFO  [NIOServerCxn.Factory:0.0.0.0/0.0.0.0:2181:NIOServerCnxn@827] - Processing ruok…
 */
import type { Clock, Log, LogLevel } from "@ordinal/io";

import type { LogThreshold } from "../config/log4j-properties.ts";

export interface Log4jLogOptions {
  /** What stands after `myid:`; nothing for a server that stands alone. */
  readonly myid: number | undefined;
  readonly threshold: LogThreshold;
  /** Takes one line with its newline. */
  readonly write: (line: string) => void;
  readonly clock: Pick<Clock, "now">;
}

const RANK: Readonly<Record<LogThreshold, number>> = { debug: 0, info: 1, warn: 2, error: 3, off: 4 };
const LINE_LENGTH_MAX = 8192;

/**
 * One call is one line, whatever the fields hold. A field `message` is the sentence; without one the fields are written out after
 * the event's name. `thread` and `source` (`NIOServerCnxn@827`) say where; by default `main` and the event's name, with line 0.
 */
export function createLog4jLog(options: Log4jLogOptions): Log {
  const { clock, write } = options;
  const id = options.myid === undefined ? "" : String(options.myid);
  const time = new TimeText();
  const at = (level: LogLevel) => {
    if (RANK[level] < RANK[options.threshold]) return () => {};
    const label = level.toUpperCase().padEnd(5);
    return (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const { message, thread = "main", source = `${event}@0`, ...rest } = fields;
      let line = `${time.format(clock.now())} [myid:${id}] - ${label} [${oneLine(thread)}:${oneLine(source)}] - `;
      if (message === undefined) {
        line += event;
        for (const [name, value] of Object.entries(rest)) if (value !== undefined) line += ` ${name}=${oneLine(value)}`;
      } else {
        line += oneLine(message);
        if (rest["error"] !== undefined) line += `: ${oneLine(rest["error"])}`;
      }
      write(`${line.length > LINE_LENGTH_MAX ? `${line.slice(0, LINE_LENGTH_MAX)}…` : line}\n`);
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f\u2028\u2029]/g;

function oneLine(value: unknown): string {
  return textOf(value).replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) {
    const code = "code" in value && typeof value.code === "string" ? `${value.code}: ` : "";
    return code + value.message;
  }
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner));
  } catch {
    return "[circular]"; // a log line must never be what ends a server
  }
}

/** `yyyy-MM-dd HH:mm:ss,SSS` in local time; what does not change within a second is made once a second. */
class TimeText {
  #second = Number.NaN;
  #text = "";

  format(now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      const date = new Date(second * 1000);
      const two = (value: number): string => String(value).padStart(2, "0");
      this.#text =
        `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
        `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
    }
    return `${this.#text},${String(Math.floor(now) - second * 1000).padStart(3, "0")}`;
  }
}
