import { describe, expect, test } from "vitest";

import { ConfigError } from "./config-error.ts";
import { parseConfig, type ConfigFiles } from "./parse.ts";

function files(table: Readonly<Record<string, string>>): ConfigFiles {
  return {
    read(path) {
      const text = table[path];
      if (text === undefined) throw new Error(`open() "${path}" failed (2: No such file or directory)`);
      return text;
    },
    glob: (pattern) =>
      Object.keys(table)
        .filter((path) => path.startsWith(pattern.slice(0, pattern.indexOf("*"))))
        .sort(),
  };
}

function problem(text: string, more: Readonly<Record<string, string>> = {}, globalDirectives?: string): string {
  try {
    parseConfig({
      files: files({ "/c": text, ...more }),
      path: "/c",
      ...(globalDirectives === undefined ? {} : { globalDirectives }),
    });
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
}

describe("errors are in the original's words, with file and line", () => {
  test.for<readonly [text: string, message: string]>([
    ["user a b c;", 'invalid number of arguments in "user" directive in /c:1'],
    ["nonsense on;", 'unknown directive "nonsense" in /c:1'],
    ["\n\nnonsense\non;", 'unknown directive "nonsense" in /c:4'],
    ["listen 80;", '"listen" directive is not allowed here in /c:1'],
    ["http { root a; server { events { } } }", '"events" directive is not allowed here in /c:1'],
    ["daemon off {", 'directive "daemon" is not terminated by ";" in /c:1'],
    ["events;", 'directive "events" has no opening "{" in /c:1'],
    ["events {", 'unexpected end of file, expecting "}" in /c:1'],
    ["events { }\n}", 'unexpected "}" in /c:2'],
    ["daemon off", 'unexpected end of file, expecting ";" or "}" in /c:1'],
    ["daemon off }", 'unexpected "}" in /c:1'],
    [";", 'unexpected ";" in /c:1'],
    ["{", 'unexpected "{" in /c:1'],
    ['daemon "off"x;', 'unexpected "x" in /c:1'],
    [`daemon "${"x".repeat(5000)}";`, 'too long parameter, probably missing terminating """ character in /c:1'],
    [`daemon ${"x".repeat(5000)};`, 'too long parameter "xxxxxxxxxx..." started in /c:1'],
    ["http { types { text/html { } } }", 'unexpected "{" in /c:1'],
    ["include missing;", 'open() "/missing" failed (2: No such file or directory) in /c:1'],
    ["include c;", 'open() "/c" failed (24: Too many open files) in /c:1'],
  ])("%s", ([text, message]) => {
    expect(problem(text)).toBe(message);
  });

  test("a problem inside an included file names that file", () => {
    expect(problem("events { }\ninclude d;", { "/d": "\nbad;" })).toBe('unknown directive "bad" in /d:2');
  });

  test("a problem in -g names the command line", () => {
    expect(problem("", {}, "daemon off")).toBe('unexpected end of parameter, expecting ";" in command line');
    expect(problem("", {}, "bad on;")).toBe('unknown directive "bad" in command line');
  });
});

test("quotes, escapes, comments and variables in braces are read as the original reads them", () => {
  const { directives } = parseConfig({
    files: files({ "/c": '# a comment { ; "\nhttp { log_format a "x;{}#" \'q "q\' \\; a#b ${v}c "t\\tn\\n\\"\\x"; }' }),
    path: "/c",
  });
  expect(directives[0]?.block?.[0]?.args).toEqual(["a", "x;{}#", 'q "q', "\\;", "a#b", "${v}c", 't\tn\n"\\x']);
});

test("includes are read in place, by pattern in order, and listed once", () => {
  const parsed = parseConfig({
    files: files({
      "/etc/n.conf": "events { include conf.d/*.conf; }",
      "/etc/conf.d/b.conf": "multi_accept on;",
      "/etc/conf.d/a.conf": "use epoll;",
    }),
    path: "/etc/n.conf",
  });
  expect(parsed.directives[0]?.block?.map((directive) => directive.name)).toEqual(["use", "multi_accept"]);
  expect(parsed.files.map((file) => file.path)).toEqual(["/etc/n.conf", "/etc/conf.d/a.conf", "/etc/conf.d/b.conf"]);
});
