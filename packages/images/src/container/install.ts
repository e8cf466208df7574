// Lays the files of the built-in images down in the container image, from the same table that pods use. Run once, by the Dockerfile.
import { copyFileSync, chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { resolve } from "../resolve.ts";

for (const name of process.argv.slice(2)) {
  const image = resolve(name);
  if (image === undefined) throw new Error(`there is no image ${name}`);
  for (const file of image.files) {
    mkdirSync(dirname(file.path), { recursive: true });
    if (typeof file.content === "string") writeFileSync(file.path, file.content);
    else copyFileSync(file.content.copyOf, file.path);
    chmodSync(file.path, file.mode);
  }
}
