import module from "node:module";

// Node opens a debugger on a SIGUSR1 that nobody handles, and the first may come before the server has started.
process.on("SIGUSR1", () => {});

if (process.env["ORDINAL_COMPILE_CACHE"] !== undefined) module.enableCompileCache(process.env["ORDINAL_COMPILE_CACHE"]);
const { main } = await import("./main.ts");
process.exit(await main(process.argv.slice(2)));
