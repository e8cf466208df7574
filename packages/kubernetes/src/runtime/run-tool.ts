import { spawn } from "node:child_process";

/** Runs a program to its end, with `input` on its standard input. Rejects with what it wrote to standard error. */
export function runTool(file: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: "pipe" });
    let output = "";
    let complaints = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    // A program that ends before reading all of its input says why on its standard error.
    child.stdin.on("error", () => {});
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${file} failed (${signal ?? `exit code ${code}`}): ${complaints.trim()}`));
    });
    child.stdin.end(input);
  });
}
