/** The files that the tests serve. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  lstatSync,
} from "node:fs";
import { join } from "node:path";

import { MTIME_SECONDS } from "./requests.ts";

/** Makes the tree in `root`, every time stamp the same. */
export function makeTree(root: string): void {
  for (const folder of ["dir", "dir space", "noindex", "auto/sub", "auto/b dir", `auto/${"d".repeat(50)}`])
    mkdirSync(join(root, folder), { recursive: true });
  const files: Readonly<Record<string, string | Buffer>> = {
    "index.html": "<p>index</p>\n",
    "digits.txt": "0123456789",
    "empty.txt": "",
    noextension: "plain",
    "up.HTML": "<p>up</p>",
    ".dot": "dot",
    ".html": "dot html",
    "dir/index.html": "dir index",
    "dir space/index.html": "space index",
    "noindex/x.txt": "x",
    "a+b": "plus",
    "caf\u00e9.txt": "cafe",
    "#": "sharp",
    "%": "percent",
    "prefix.re": "",
    "forbidden.txt": "secret",
    "big.bin": Buffer.alloc(600_000, "0123456789abcdef"),
    "auto/file.txt": "12345",
    "auto/a<b>&.txt": "<",
    "auto/.hidden": "h",
    "auto/big.dat": Buffer.alloc(10_000),
    "auto/bigger.dat": Buffer.alloc(2_621_440),
    [`auto/${"n".repeat(50)}`]: "50",
    [`auto/${"n".repeat(51)}`]: "51",
    [`auto/${"<".repeat(60)}`]: "60",
    "auto/\u00e9.txt": "e",
    'auto/q"uote': "q",
    "auto/sub/inner.txt": "inner",
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content);
  chmodSync(join(root, "forbidden.txt"), 0o000);
  symlinkSync("nowhere", join(root, "dangling"));
  symlinkSync("loop", join(root, "loop"));
  execFileSync("mkfifo", [join(root, "fifo")]);
  stamp(root);
}

function stamp(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (lstatSync(path).isSymbolicLink()) continue;
    if (statSync(path).isDirectory()) stamp(path);
    utimesSync(path, MTIME_SECONDS, MTIME_SECONDS);
  }
  utimesSync(folder, MTIME_SECONDS, MTIME_SECONDS);
}
