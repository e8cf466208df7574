import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** How to run `nslookup` in the layout of BusyBox 1.28: this process's Node and the entry file. Arguments follow. */
export const nslookupProgram: readonly string[] = [
  process.execPath,
  // `.js` where the package is installed, `.ts` in the checkout.
  fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url)),
];
