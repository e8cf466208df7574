import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";

// `npm run bench [-- NAME…]`: every bench of the packages, or those whose path holds a NAME, one after the other.
const root = fileURLToPath(new URL("..", import.meta.url));
const names = process.argv.slice(2);
if (names.includes("--help")) {
  process.stdout.write(
    "Usage: npm run bench [-- NAME…]\n\nRuns packages/*/bench/*.ts in turn; NAME picks those whose path contains it. Let nothing else run meanwhile.\n",
  );
  process.exit(0);
}
const files = globSync("packages/*/bench/*.ts", { cwd: root })
  .sort()
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)));
if (files.length === 0) {
  process.stderr.write(`No bench matches ${names.join(" ")}.\n`);
  process.exit(2);
}
for (const file of files) {
  process.stdout.write(`\n== ${file}\n`);
  const result = spawnSync(process.execPath, [file], { cwd: root, stdio: "inherit" });
  if (result.status !== 0) process.exitCode = 1;
}
