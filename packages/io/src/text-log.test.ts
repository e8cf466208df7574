import { expect, test } from "vitest";

import type { LogLevel } from "./log.ts";
import { createLog } from "./text-log.ts";

function logged(level: LogLevel | undefined, act: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  const clock = { now: () => Date.UTC(2026, 10, 23, 20) };
  act(createLog({ component: "store", write: (line) => lines.push(line), clock, ...(level && { level }) }));
  return lines;
}

test("a call is a line with time, level, component, event and fields", () => {
  const lines = logged(undefined, (log) => {
    log.info("opened", { directory: "/home/a/.ordinal", groups: 3, fresh: false, none: undefined, nothing: null });
    log.warn("slow");
  });
  expect(lines).toEqual([
    "2026-11-23T20:00:00.000Z INFO  store opened directory=/home/a/.ordinal groups=3 fresh=false nothing=null\n",
    "2026-11-23T20:00:00.000Z WARN  store slow\n",
  ]);
});

test.each([
  ["debug", ["debug", "info", "warn", "error"]],
  ["warn", ["warn", "error"]],
  ["error", ["error"]],
] as const)("level %s writes %j", (level, expected) => {
  const lines = logged(level, (log) => {
    for (const each of ["debug", "info", "warn", "error"] as const) log[each](each);
  });
  expect(lines.map((line) => line.trim().split(" ").at(-1))).toEqual(expected);
});

test("no field breaks the line or passes for another", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const [line] = logged(undefined, (log) =>
    log.error("failed", {
      text: 'two words "quoted"\nINFO  forged',
      sign: "a=b",
      empty: "",
      error: Object.assign(new Error("it broke\n"), { code: "EIO" }),
      big: 2n ** 64n,
      object: { n: 1n, s: "x y" },
      circular,
    }),
  );
  expect(line).toBe(
    '2026-11-23T20:00:00.000Z ERROR store failed text="two words \\"quoted\\"\\nINFO  forged" sign="a=b" empty="" ' +
      'error="EIO: it broke\\n" big=18446744073709551616 object={"n":"1","s":"x y"} circular="[circular]"\n',
  );
});
