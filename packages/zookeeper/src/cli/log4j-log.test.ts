import { expect, test } from "vitest";

import { consoleThreshold } from "../config/log4j-properties.ts";
import { createLog4jLog } from "./log4j-log.ts";

const MOMENT = new Date(2016, 11, 6, 19, 34, 16, 36).getTime();

function lines(threshold: "debug" | "info" | "warn" | "off" = "info", hasId = true) {
  const myid = hasId ? 1 : undefined;
  const written: string[] = [];
  const log = createLog4jLog({ myid, threshold, write: (line) => written.push(line), clock: { now: () => MOMENT } });
  return { log, written };
}

test("writes the original's line", () => {
  const { log, written } = lines();
  log.info("four-letter-word", {
    message: "Processing ruok command from /127.0.0.1:52740",
    thread: "NIOServerCxn.Factory:0.0.0.0/0.0.0.0:2181",
    source: "NIOServerCnxn@827",
  });
  expect(written).toEqual([
    "2016-12-06 19:34:16,036 [myid:1] - INFO  [NIOServerCxn.Factory:0.0.0.0/0.0.0.0:2181:NIOServerCnxn@827] - Processing ruok command from /127.0.0.1:52740\n",
  ]);
});

test("writes event and fields where there is no sentence, on one line whatever they hold", () => {
  const { log, written } = lines("info", false);
  log.error("broken", { error: new Error("two\nlines"), zxid: 5n, list: [1n], gone: undefined });
  expect(written).toEqual([
    '2016-12-06 19:34:16,036 [myid:] - ERROR [main:broken@0] - broken error=two\\u000alines zxid=5 list=["1"]\n',
  ]);
  log.error("long", { message: "x".repeat(100_000) });
  expect(written[1]?.length).toBeLessThan(8300);
});

test("writes nothing below the threshold", () => {
  const { log, written } = lines("warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  expect(written.map((line) => line.slice(-2))).toEqual(["c\n"]);
  expect(lines("off").written).toEqual([]);
});

const TUTORIAL = `zookeeper.root.logger=CONSOLE
zookeeper.console.threshold=WARN
log4j.rootLogger=\${zookeeper.root.logger}
log4j.appender.CONSOLE.Threshold=\${zookeeper.console.threshold}
`;

test.each([
  [undefined, {}, "info"],
  [undefined, { "zookeeper.root.logger": "DEBUG,CONSOLE" }, "debug"],
  [TUTORIAL, {}, "warn"],
  [TUTORIAL, { "zookeeper.root.logger": "ERROR, CONSOLE" }, "error"],
  [TUTORIAL, { "zookeeper.console.threshold": "INFO", "zookeeper.root.logger": "DEBUG,CONSOLE" }, "info"],
  ["log4j.rootLogger=OFF", { "zookeeper.root.logger": "DEBUG" }, "off"],
  ["log4j.rootLogger=TRACE, CONSOLE", {}, "debug"],
  ["log4j.rootLogger=${a}\na=${b}\nb=${a}", {}, "info"],
])("log4j.properties %j with %j lets %s through", (text, properties, threshold) => {
  expect(consoleThreshold(text, new Map(Object.entries(properties)))).toBe(threshold);
});
