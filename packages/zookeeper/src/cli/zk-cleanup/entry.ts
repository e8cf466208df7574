import module from "node:module";

if (process.env["ORDINAL_COMPILE_CACHE"] !== undefined) module.enableCompileCache(process.env["ORDINAL_COMPILE_CACHE"]);
const { main } = await import("./main.ts");
process.exit(await main(process.argv.slice(2), process.env));
