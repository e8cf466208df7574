import { existsSync } from "node:fs";

import { knownImages, loadUserImages } from "@ordinal/images";
import { homeDirectory, homePaths } from "@ordinal/kubernetes/lab-home";

import { parse, text } from "../arguments.ts";
import { widths, writeRows } from "../table.ts";

export async function run(args: readonly string[]): Promise<number> {
  const parsed = parse(args, { images: { type: "string" } });
  const home = homePaths(homeDirectory(text(parsed, "home")));
  const file = text(parsed, "images") ?? (existsSync(home.images) ? home.images : undefined);
  const rows = knownImages(file === undefined ? [] : loadUserImages(file)).map((image) => [
    image.name,
    image.tags?.join(",") ?? "any",
    image.summary,
    image.aliases.join(", "),
  ]);
  const table = [["IMAGE", "TAGS", "WHAT IT IS", "ALSO KNOWN AS"], ...rows];
  writeRows(table, widths(table));
  if (file === undefined)
    process.stdout.write(`\nDeclare your own in ${home.images}, or in a file named with --images.\n`);
  return 0;
}
