import { expect, test } from "vitest";

import { parseProperties } from "./java-properties.ts";

test("reads what java.util.Properties reads, with the lines where it stands", () => {
  const text = [
    "# a comment",
    "! another",
    "",
    "  tickTime = 2000 ",
    "dataDir:/var/lib/zookeeper\r",
    "a\\ b\\=c  value with \\u0041\\t.",
    "long=one,\\",
    "    two,\\",
    "    three",
    "server.1=zk-0:2888:3888",
    "empty",
    "windows=C:\\\\data",
  ].join("\n");
  expect(parseProperties(text)).toEqual([
    { key: "tickTime", value: "2000 ", line: 4 },
    { key: "dataDir", value: "/var/lib/zookeeper", line: 5 },
    { key: "a b=c", value: "value with A\t.", line: 6 },
    { key: "long", value: "one,two,three", line: 7 },
    { key: "server.1", value: "zk-0:2888:3888", line: 10 },
    { key: "empty", value: "", line: 11 },
    { key: "windows", value: "C:\\data", line: 12 },
  ]);
});
