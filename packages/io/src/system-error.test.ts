import { once } from "node:events";
import { mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { realNet } from "./real-net.ts";
import { explainSystemError, systemErrorCode } from "./system-error.ts";

test("a port that is taken", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as { port: number };
  const error: unknown = await realNet
    .listen({ host: "127.0.0.1", port: address.port }, () => {})
    .catch((e: unknown) => e);
  server.close();
  expect(explainSystemError(error, `listen on 127.0.0.1:${address.port}`)).toBe(
    `cannot listen on 127.0.0.1:${address.port}: the address is already in use (EADDRINUSE); stop the program that holds it or choose another port`,
  );
});

test("a file that is not there", () => {
  const folder = mkdtempSync(join(tmpdir(), "ordinal-error-"));
  let error: unknown;
  try {
    readFileSync(join(folder, "none"));
  } catch (caught) {
    error = caught;
  }
  rmdirSync(folder);
  expect(explainSystemError(error, "read the file")).toBe(
    "cannot read the file: no such file or folder (ENOENT); check the path",
  );
});

test("no permission has another remedy for ports than for files", () => {
  const denied = (syscall: string): Error => Object.assign(new Error("x"), { code: "EACCES", syscall });
  expect(explainSystemError(denied("listen"), "listen on :80")).toContain("choose a port from 1024 up");
  expect(explainSystemError(denied("open"), "open it")).toContain("a file or folder that this user may use");
});

test("LevelDB's words are understood, behind causes too", () => {
  const inner = new Error("IO error: /s/000003.log: No space left on device");
  const error = new Error("Database failed", { cause: inner });
  expect(systemErrorCode(error)).toBe("ENOSPC");
  expect(explainSystemError(error, "write")).toBe(
    "cannot write: no space left on the disk (ENOSPC); free some space and start again",
  );
});

test("what is not known keeps its own words", () => {
  expect(explainSystemError(new Error("odd"), "do it")).toBe("cannot do it: odd");
  expect(explainSystemError("odd", "do it")).toBe("cannot do it: odd");
  expect(systemErrorCode(new Error("odd"))).toBeUndefined();
});
