import { describe, expect, it } from "vitest";

import { nameJavaScript, references, toJavaScript } from "./pack-source.ts";

describe("the JavaScript of a TypeScript file", () => {
  it("names its neighbours .js in every kind of reference", () => {
    const source = [
      'import { a, type B } from "./a.ts";',
      "import '../b.ts';",
      'export * from "./c/index.ts";',
      'export type { D } from "./d.ts";',
      'const e = await import("./e.ts");',
      'const f = new URL("./f.ts", import.meta.url);',
    ].join("\n");
    expect(toJavaScript(source).split("\n")).toEqual([
      'import { a,        } from "./a.js";',
      "import '../b.js';",
      'export * from "./c/index.js";',
      " ".repeat('export type { D } from "./d.ts";'.length),
      'const e = await import("./e.js");',
      'const f = new URL("./f.js", import.meta.url);',
    ]);
  });

  it("keeps every line and column", () => {
    const source = "interface A {\n  b: string;\n}\nexport function f(a: A): never {\n  throw new Error(a.b);\n}\n";
    const code = toJavaScript(source);
    expect(code.length).toBe(source.length);
    expect(code.indexOf("throw")).toBe(source.indexOf("throw"));
  });

  it("leaves packages, words and comments as they are", () => {
    const source = [
      'import { x } from "@ordinal/io";',
      'import y from "./y.json" with { type: "json" };',
      '// moved from "./old.ts"',
      "const words = 'import \"./z.ts\"';",
      'const elsewhere = new URL("./page.ts", "http://127.0.0.1/");',
    ].join("\n");
    expect(toJavaScript(source)).toBe(source);
  });

  it("names neighbours in declarations, and leaves declarations of others", () => {
    const source =
      'import type { Pod } from "kubernetes-types/core/v1.d.ts";\nexport declare const a: import("./a.ts").A<Pod>;\n';
    expect(nameJavaScript(source)).toBe(source.replace("./a.ts", "./a.js"));
  });

  it.each([
    ["const a = fileURLToPath(import.meta.url);", 1],
    ["\nconst a = new URL(`./a${extname(import.meta.url)}`, import.meta.url);", 2],
    ["\n\nawait import(name);", 3],
    ["const a = import.meta.filename;", 1],
  ])("refuses a path that is computed: %j", (source, line) => {
    expect(() => toJavaScript(source)).toThrow(new RegExp(`^${line}: a path that is computed`));
  });
});

describe("references", () => {
  it("are found with their place, past strings and comments", () => {
    const source =
      '/* import "./no.ts" */ import "./a.ts"; const s = "from \'./no.ts\'"; new URL("b.ts", import.meta.url);';
    expect(references(source)).toEqual([
      { specifier: "./a.ts", kind: "import", start: source.indexOf("./a.ts") },
      { specifier: "b.ts", kind: "url", start: source.indexOf("b.ts") },
    ]);
  });
});
