import module from "node:module";

if (process.env["ORDINAL_COMPILE_CACHE"] !== undefined) module.enableCompileCache(process.env["ORDINAL_COMPILE_CACHE"]);
const { runServer } = await import("./server-process.ts");
process.exit(await runServer(process.argv.slice(2)));
