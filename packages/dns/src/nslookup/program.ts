import { fileURLToPath } from "node:url";

/** How to run `nslookup` in the layout of BusyBox 1.28: this process's Node and the entry file. Arguments follow. */
export const nslookupProgram: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("./main.ts", import.meta.url)),
];
