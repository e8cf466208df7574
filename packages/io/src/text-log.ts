import type { Clock } from "./clock.ts";
import type { Log, LogLevel } from "./log.ts";
import { realClock } from "./real-clock.ts";

export interface TextLogOptions {
  /** Who speaks: `kubelet`, `store`. Stands in every line. */
  readonly component: string;
  /** The least level that is written. Default `info`. */
  readonly level?: LogLevel;
  /** Takes one line with its newline. Default: standard error. */
  readonly write?: (line: string) => void;
  readonly clock?: Pick<Clock, "now">;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/**
 * A log of text lines: `2026-11-23T20:00:00.000Z INFO  component event key=value…`. One call is one line whatever the
 * fields hold: values with anything but plain characters are written as JSON strings.
 */
export function createLog(options: TextLogOptions): Log {
  const least = RANK[options.level ?? "info"];
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const clock = options.clock ?? realClock;
  const at = (level: LogLevel) => {
    if (RANK[level] < least) return () => {};
    const label = level.toUpperCase().padEnd(5);
    return (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      let line = `${new Date(clock.now()).toISOString()} ${label} ${options.component} ${event}`;
      for (const [name, value] of Object.entries(fields)) {
        if (value !== undefined) line += ` ${name}=${formatField(value)}`;
      }
      write(`${line}\n`);
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

const PLAIN = /^[\w.:/@+,%*#~[\]-]+$/;

function formatField(value: unknown): string {
  if (value instanceof Error) {
    const code = "code" in value && typeof value.code === "string" ? `${value.code}: ` : "";
    return JSON.stringify(code + value.message);
  }
  if (typeof value === "string") return PLAIN.test(value) ? value : JSON.stringify(value);
  if (typeof value === "object" && value !== null) return formatObject(value);
  return String(value);
}

function formatObject(value: object): string {
  try {
    return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner));
  } catch {
    return '"[circular]"'; // a log line must never be what ends a server
  }
}
