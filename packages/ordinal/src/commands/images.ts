import { existsSync } from "node:fs";
import { knownImages, loadUserImages } from "@ordinal/images";
import { homeDirectory, homePaths } from "@ordinal/kubernetes/lab-home";
import { parse, text } from "../arguments.ts";

export async function run(args: readonly string[]): Promise<number> {
  const parsed = parse(args, { images: { type: "string" } });
  const home = homePaths(homeDirectory(text(parsed, "home")));
  const file = text(parsed, "images") ?? (existsSync(home.images) ? home.images : undefined);
  for (const name of knownImages(file === undefined ? undefined : loadUserImages(file))) process.stdout.write(`${name}\n`);
  if (file === undefined) process.stdout.write(`\nDeclare your own in ${home.images}, or in a file named with --images.\n`);
  return 0;
}
