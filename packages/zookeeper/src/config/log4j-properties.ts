/**
 * How much a log4j.properties lets through to standard output. Appenders other than the console's are not opened: what the
 * server says, it says there.
 *
 * Source: org.apache.log4j.PropertyConfigurator, OptionConverter.substVars, Level.toLevel.
 */
import { parseProperties } from "./java-properties.ts";
import type { SystemProperties } from "./system-properties.ts";

/** From most to least; `off` writes nothing. */
export type LogThreshold = "debug" | "info" | "warn" | "error" | "off";

const RANK: Readonly<Record<LogThreshold, number>> = { debug: 0, info: 1, warn: 2, error: 3, off: 4 };
const THRESHOLDS: ReadonlyMap<string, LogThreshold> = new Map([
  ["ALL", "debug"],
  ["TRACE", "debug"],
  ["DEBUG", "debug"],
  ["INFO", "info"],
  ["WARN", "warn"],
  ["ERROR", "error"],
  ["FATAL", "error"],
  ["OFF", "off"],
]);
const SUBSTITUTIONS_MAX = 16;

/**
 * The least level that is written: the stricter of the root logger's and the console appender's.
 *
 * @param text log4j.properties, if there is one
 * @param properties `zookeeper.root.logger` and whatever else `${…}` in the file may name; they go before the file's own
 */
export function consoleThreshold(text: string | undefined, properties: SystemProperties): LogThreshold {
  const own = new Map(parseProperties(text ?? "").map(({ key, value }) => [key.trim(), value.trim()]));
  const substitute = (value: string, depth = 0): string =>
    depth > SUBSTITUTIONS_MAX
      ? value
      : value.replace(/\$\{([^}]*)\}/g, (_whole, name: string) =>
          substitute(properties.get(name) ?? own.get(name) ?? "", depth + 1),
        );
  const root = substitute(own.get("log4j.rootLogger") ?? "${zookeeper.root.logger}");
  const threshold = substitute(own.get("log4j.appender.CONSOLE.Threshold") ?? "");
  const word = (text: string): string => (text.split(",")[0] ?? "").trim().toUpperCase();
  // `CONSOLE` alone names an appender where a level stands first; it is written that way in images whose start script says
  // the level itself.
  const levels = [THRESHOLDS.get(word(root)) ?? "info", THRESHOLDS.get(word(threshold)) ?? "debug"];
  return levels.reduce((strictest, level) => (RANK[level] > RANK[strictest] ? level : strictest));
}
