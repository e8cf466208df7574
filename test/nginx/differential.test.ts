/**
 * The server and the original, side by side: one configuration, one tree of files, one table of raw requests; everything that
 * comes back must be equal but the date, the digits of a multipart boundary and the port.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { nginxProgram } from "@ordinal/nginx";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { isOriginalInstalled, ORIGINAL } from "./original.ts";
import { requests } from "./requests.ts";
import { exchange, freePort, startServer, type ServerProcess } from "./server-process.ts";
import { makeTree } from "./tree.ts";

/** How long a silent server is waited for. */
const QUIET_MS = 250;
/** Exchanges at a time. */
const PARALLEL = 24;

/** Requests whose answers differ, each with its reason. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([]);

function normalize(text: string, port: number): string {
  return text
    .replace(/^Date: .*$/gm, "Date: D")
    .replaceAll(String(port), "PORT")
    .replace(/boundary=\d{20}/g, "boundary=B")
    .replace(/^--\d{20}(?:--)?/gm, "--B");
}

interface Side {
  readonly home: string;
  readonly server: ServerProcess;
}

async function startSide(home: string, root: string, command: readonly string[]): Promise<Side> {
  mkdirSync(home);
  const port = await freePort();
  const template = readFileSync(new URL("differential.conf", import.meta.url), "utf8");
  const conf = join(home, "nginx.conf");
  writeFileSync(
    conf,
    template.replaceAll("@HOME@", home).replaceAll("@ROOT@", root).replaceAll("@PORT@", String(port)),
  );
  return { home, server: await startServer([...command, "-p", home, "-c", conf, "-e", join(home, "early.log")], port) };
}

describe.skipIf(!isOriginalInstalled())(`against ${ORIGINAL} (skipped where it is not installed)`, () => {
  const folder = mkdtempSync(join(tmpdir(), "nginx-differential-"));
  const answers = new Map<string, readonly [ours: string, theirs: string]>();
  let ours: Side | undefined;
  let theirs: Side | undefined;

  beforeAll(async () => {
    chmodSync(folder, 0o755);
    const root = join(folder, "root");
    mkdirSync(root);
    makeTree(root);
    theirs = await startSide(join(folder, "theirs"), root, [ORIGINAL, "-g", "user root;"]);
    ours = await startSide(join(folder, "ours"), root, [...nginxProgram, "-g", "user root;"]);
    const sides = [ours, theirs];
    const queue = [...requests];
    await Promise.all(
      Array.from({ length: PARALLEL }, async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const pieces = typeof next.raw === "string" ? [next.raw] : next.raw;
          const [a = "", b = ""] = await Promise.all(
            sides.map(async ({ server }) => {
              const { received, closed } = await exchange(server.port, pieces, QUIET_MS);
              return `${normalize(received, server.port)}${closed ? "[closed]" : "[open]"}`;
            }),
          );
          answers.set(next.name, [a, b]);
        }
      }),
    );
  });

  afterAll(async () => {
    await ours?.server.stop();
    await theirs?.server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.for(requests.map(({ name }) => name))("%s", (name) => {
    const [mine, original] = answers.get(name) ?? ["", "not asked"];
    if (DIFFERENCES.has(name))
      expect(mine, `listed as a difference (${DIFFERENCES.get(name)}) and is none`).not.toBe(original);
    else expect(mine).toBe(original);
  });

  test("the access logs agree", () => {
    const [mine, original] = [ours, theirs].map((side) =>
      readFileSync(join(side?.home ?? "", "access.log"), "latin1")
        .replaceAll(String(side?.server.port), "PORT")
        .split("\n")
        .sort(),
    );
    expect(mine).toEqual(original);
  });
});
