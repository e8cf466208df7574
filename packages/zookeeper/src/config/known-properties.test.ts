import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { effectiveProperties, problemWithKey, problemWithProperty } from "./known-properties.ts";

const SOURCE = join(import.meta.dirname, "..");

test("every property that is said to have an effect is read somewhere", () => {
  const files = globSync("**/*.ts", { cwd: SOURCE }).filter(
    (path) => !/known-properties|\.test\.ts$|testing\//.test(path),
  );
  const code = files.map((path) => readFileSync(join(SOURCE, path), "utf8")).join("\n");
  const unread = [...effectiveProperties].filter(
    (name) =>
      !code.includes(`"zookeeper.${name}"`) && !code.includes(`"${name}"`) && !code.includes(`{zookeeper.${name}}`),
  );
  expect(unread).toEqual([]);
});

test("every property that the code reads is known", () => {
  const files = globSync("{server,peer,log,processing,session,election,config}/**/*.ts", { cwd: SOURCE });
  const read = files
    .filter((path) => !/known-properties|\.test\.ts$|testing\//.test(path))
    .flatMap((path) => [...readFileSync(join(SOURCE, path), "utf8").matchAll(/"zookeeper\.([A-Za-z0-9._-]*\w)"/g)])
    .map(([, name]) => name ?? "");
  expect(read.length).toBeGreaterThan(20);
  const unknown = new Set(read.filter((name) => name !== "version" && problemWithProperty(name, "") !== undefined));
  expect([...unknown]).toEqual([]);
});

test("a property written as a flag is told with the key to write", () => {
  expect(problemWithKey("zookeeper.snapCount", "1")?.message).toMatch(
    /^unknown key zookeeper\.snapCount: .*; write snapCount$/,
  );
  expect(problemWithKey("zookeeper.snapCuont", "1")?.message).not.toContain("write");
});
