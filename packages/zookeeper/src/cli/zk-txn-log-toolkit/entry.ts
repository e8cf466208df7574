import module from "node:module";

if (process.env["ORDINAL_COMPILE_CACHE"] !== undefined) module.enableCompileCache(process.env["ORDINAL_COMPILE_CACHE"]);
const { main } = await import("./main.ts");
process.exit(main(process.argv.slice(2)));
