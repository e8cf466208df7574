import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import { checkLayers } from "./check-layers.ts";
import { scanSource } from "./source-scan.ts";

const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** Checks a repository of these files; packages get a package.json that declares `dependencies`. */
function check(files: Readonly<Record<string, string>>, dependencies: readonly string[] = []): string[] {
  const root = mkdtempSync(join(tmpdir(), "layers-"));
  roots.push(root);
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const declared = Object.fromEntries(dependencies.map((name) => [name, "1.0.0"]));
  write("package.json", JSON.stringify({ name: "root", devDependencies: { vitest: "1.0.0" } }));
  for (const name of ["kit", "io", "nginx", "dns", "images", "kubernetes", "simulator"]) {
    const exports = { ".": "./src/index.ts", "./extra": "./src/extra.ts" };
    write(
      `packages/${name}/package.json`,
      JSON.stringify({ name: `@ordinal/${name}`, exports, dependencies: declared }),
    );
  }
  for (const [path, text] of Object.entries(files)) write(path, text);
  return checkLayers(root);
}

const EVERYTHING = ["kit", "io", "nginx", "dns", "images", "kubernetes", "simulator"].map((name) => `@ordinal/${name}`);

describe("direction", () => {
  test("imports of lower packages, of the own package and of Node are fine", () => {
    const files = {
      "packages/io/src/a.ts":
        'import { x } from "@ordinal/kit";\nimport { readFileSync } from "node:fs";\nimport { b } from "./b.ts";',
      "packages/io/src/b.ts": "export const b = 1;",
      "packages/kubernetes/src/a.ts": 'import { x } from "@ordinal/dns/extra";',
    };
    expect(check(files, EVERYTHING)).toEqual([]);
  });

  test("an import that runs upward is named with file and line", () => {
    expect(check({ "packages/io/src/a.ts": '\n\nimport { x } from "@ordinal/kubernetes";' }, EVERYTHING)).toEqual([
      "packages/io/src/a.ts:3: io must not import kubernetes: imports run the other way",
    ]);
  });

  test.each([
    ["a type", 'import type { X } from "@ordinal/images";'],
    ["a re-export", 'export * from "@ordinal/images";'],
    ["an import for its effect", 'import "@ordinal/images";'],
    ["a dynamic import", 'const x = await import("@ordinal/images");'],
    ["several lines", 'import {\n  a,\n  type B,\n} from "@ordinal/images";'],
  ])("%s counts", (_what, code) => {
    expect(check({ "packages/dns/src/a.ts": code }, EVERYTHING)).toEqual([
      "packages/dns/src/a.ts:1: dns must not import images: imports run the other way",
    ]);
  });

  test("systems do not import each other", () => {
    expect(check({ "packages/nginx/src/a.ts": 'import { x } from "@ordinal/dns";' }, EVERYTHING)).toEqual([
      "packages/nginx/src/a.ts:1: nginx and dns stand side by side and must not import each other",
    ]);
  });

  test("the simulator is for tests, contracts and benchmarks", () => {
    const code = 'import { x } from "@ordinal/simulator";';
    const allowed = {
      "packages/io/src/a.test.ts": code,
      "packages/io/src/contracts/a.ts": code,
      "packages/io/src/runtime-contract.ts": code,
      "packages/io/bench/a.ts": code,
      "test/chaos/a.ts": code,
    };
    expect(check(allowed)).toEqual([]);
    expect(check({ "packages/io/src/a.ts": code }, EVERYTHING)).toEqual([
      "packages/io/src/a.ts:1: the simulator is for tests; io must not import it",
    ]);
  });

  test("a new package has to be given a rank", () => {
    expect(check({ "packages/new/package.json": "{}" })).toEqual([
      "packages/new/package.json:1: this package has no rank; give it one in scripts/check-layers.ts",
    ]);
  });
});

describe("paths and declarations", () => {
  test("a path into another package is refused, but for tests that need a real machine", () => {
    const files = {
      "packages/io/src/a.ts": 'import { x } from "../../kit/src/x.ts";',
      "scripts/a.ts": 'import { x } from "../packages/kit/src/x.ts";',
      "test/a.test.ts": 'import { x } from "../packages/kit/src/x.ts";',
    };
    expect(check(files)).toEqual([
      "packages/io/src/a.ts:1: ../../kit/src/x.ts is a path into the package kit; import it by name",
      "scripts/a.ts:1: ../packages/kit/src/x.ts is a path into the package kit; import it by name",
    ]);
  });

  test("a subpath has to be exported", () => {
    expect(check({ "packages/io/src/a.ts": 'import { x } from "@ordinal/kit/src/x.ts";' }, EVERYTHING)).toEqual([
      "packages/io/src/a.ts:1: @ordinal/kit/src/x.ts is not among the exports of @ordinal/kit",
    ]);
  });

  test("a dependency has to be declared by the package", () => {
    const files = { "packages/io/src/a.ts": 'import { x } from "@scope/lib/deep.js";\nimport ws from "ws";' };
    expect(check(files, ["ws"])).toEqual([
      "packages/io/src/a.ts:1: @scope/lib is not a dependency in packages/io/package.json",
    ]);
  });

  test("what the repository declares for its tests is not for other code", () => {
    const code = 'import { test } from "vitest";';
    expect(check({ "packages/io/src/a.test.ts": code })).toEqual([]);
    expect(check({ "packages/io/src/a.ts": code })).toEqual([
      "packages/io/src/a.ts:1: vitest is not a dependency in packages/io/package.json",
    ]);
  });

  test("Node's modules are imported by their full name", () => {
    expect(check({ "packages/io/src/a.ts": 'import fs from "fs";' })).toEqual([
      "packages/io/src/a.ts:1: write node:fs",
    ]);
  });
});

describe("cycles", () => {
  test("a cycle is told once with all its files", () => {
    const files = {
      "packages/io/src/a.ts": 'import { b } from "./b.ts";',
      "packages/io/src/b.ts": 'import { c } from "./deep/c.ts";',
      "packages/io/src/deep/c.ts": '\nimport type { a } from "../a.ts";',
    };
    expect(check(files)).toEqual([
      "packages/io/src/deep/c.ts:2: a cycle: packages/io/src/a.ts → packages/io/src/b.ts → packages/io/src/deep/c.ts → packages/io/src/a.ts",
    ]);
  });

  test("two ways to one file are no cycle", () => {
    const files = {
      "packages/io/src/a.ts": 'import { b } from "./b.ts";\nimport { c } from "./c.ts";',
      "packages/io/src/b.ts": 'import { c } from "./c.ts";',
      "packages/io/src/c.ts": "export const c = 1;",
    };
    expect(check(files)).toEqual([]);
  });
});

describe("cores", () => {
  test.each([
    ["Date.now()", "Date.now"],
    ["new Date()", "new Date()"],
    ["new Date", "new Date()"],
    ["Math.random()", "Math.random"],
    ["setTimeout(f, 1)", "a timer"],
    ["process.env", "a global of the runtime"],
    ["performance.now()", "a global of the runtime"],
    ["crypto.randomUUID()", "a global of the runtime"],
    ["console.log(1)", "a global of the runtime"],
    ["fetch(url)", "fetch"],
    ["`${Date.now()}`", "Date.now"],
  ])("a core that says %s is refused", (expression, name) => {
    for (const path of [
      "packages/kit/src/a.ts",
      "packages/kubernetes/src/controllers/a.ts",
      "packages/dns/src/zone.ts",
    ]) {
      expect(check({ [path]: `\nconst x = ${expression};` })).toEqual([`${path}:2: a core must not use ${name}`]);
    }
  });

  test("the same is fine outside of cores, in shells and in tests", () => {
    const code = 'import { readFileSync } from "node:fs";\nconst x = Date.now();';
    const files = {
      "packages/kubernetes/src/api/a.ts": code,
      "packages/kubernetes/src/controllers/shell.ts": code,
      "packages/kubernetes/src/controllers/queue-shell.ts": code,
      "packages/kubernetes/src/controllers/a.test.ts": code,
      "packages/kubernetes/src/kinds/testdata/read.ts": code,
    };
    expect(check(files)).toEqual([]);
  });

  test("names that only look like it are fine", () => {
    const code = [
      "const a = new Date(now); // new Date() would read the clock",
      'const b = "process.env"; const c = /Date.now()/;',
      "const d = pod.process.env; const e = view.fetch(1); const f = `Math.random()`;",
      "interface G { setTimeout?: number }",
    ];
    expect(check({ "packages/kit/src/a.ts": code.join("\n") })).toEqual([]);
  });

  test("a core imports kit and pure packages only", () => {
    const code = [
      'import { x } from "@ordinal/kit";',
      'import { parse } from "yaml";',
      'import type { Buffer } from "node:buffer";',
      'import type { Clock } from "@ordinal/io";',
      'import { join } from "node:path";',
      'import { realClock } from "@ordinal/io";',
      'import ws from "ws";',
      'import type { Socket } from "node:net";',
    ];
    const path = "packages/kubernetes/src/scheduler/a.ts";
    expect(check({ [path]: code.join("\n") }, [...EVERYTHING, "yaml", "ws"])).toEqual([
      `${path}:5: a core must not import node:path`,
      `${path}:6: a core must not import @ordinal/io`,
      `${path}:7: a core must not import ws`,
      `${path}:8: a core must not know the types of node:net`,
    ]);
  });

  test("a core imports functions of Node that only compute, each by its name", () => {
    const path = "packages/kubernetes/src/scheduler/a.ts";
    const fine = 'import { crc32 as checksum } from "node:zlib";\nimport { createHash } from "node:crypto";';
    expect(check({ [path]: fine })).toEqual([]);
    const code = [
      'import { crc32, gzipSync } from "node:zlib";',
      'import zlib from "node:zlib";',
      'import * as everything from "node:zlib";',
      'import zlib, { crc32 } from "node:zlib";',
      'import { randomBytes as createHash } from "node:crypto";',
      'const { crc32 } = await import("node:zlib");',
      'export * from "node:zlib";',
      'import "node:zlib";',
    ];
    expect(check({ [path]: code.join("\n") })).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map(
        (line) => `${path}:${line}: a core must not import node:${line === 5 ? "crypto" : "zlib"}`,
      ),
    );
  });

  test("kit imports nothing", () => {
    expect(check({ "packages/kit/src/a.ts": 'import { parse } from "yaml";' }, ["yaml"])).toEqual([
      "packages/kit/src/a.ts:1: a core must not import yaml",
    ]);
    expect(check({ "packages/kit/src/a.ts": 'import { crc32 } from "node:zlib";' })).toEqual([
      "packages/kit/src/a.ts:1: a core must not import node:zlib",
    ]);
  });

  test("what a core imports is held to the same rules, types aside", () => {
    const files = {
      "packages/dns/src/zone/a.ts": 'import { b } from "../b.ts";\nimport type { D } from "../d.ts";',
      "packages/dns/src/b.ts": 'import { c } from "./c.ts";',
      "packages/dns/src/c.ts": "export const c = Date.now();",
      "packages/dns/src/d.ts": "export const d = Date.now();",
    };
    expect(check(files)).toEqual([
      "packages/dns/src/c.ts:1: a core must not use Date.now (a core gets here by packages/dns/src/b.ts)",
    ]);
  });
});

describe("scanSource", () => {
  test("imports in comments, strings and templates are none", () => {
    const source = [
      '// import "a";',
      '/* import "b";',
      '*/ import "c";',
      'const s = "import \\"d\\"";',
      "const t = `import 'e' ${f(`import 'g'`)} import 'h'`;",
      "const r = /import 'i'/.test(x) ? a / b : import('j');",
      "export const from = 'k';",
    ].join("\n");
    expect(scanSource(source).imports).toEqual([
      { specifier: "c", line: 3, typeOnly: false },
      { specifier: "j", line: 6, typeOnly: false },
    ]);
  });

  test("names are told where nothing else is taken", () => {
    const source = [
      'import { a, type B, c as d, type } from "x";',
      'import e, { f } from "x";',
      'export { g } from "x";',
    ].join("\n");
    expect(scanSource(source).imports.map((found) => found.names)).toEqual([["a", "B", "c", "type"], undefined, ["g"]]);
  });
});
