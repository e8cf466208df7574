import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openStore } from "@ordinal/io";
import { expect, it } from "vitest";

import { createRegistry } from "../../packages/kubernetes/src/api/index.ts";
import { notes } from "../../packages/kubernetes/src/api/testing/test-kinds.ts";
import { namespace } from "../../packages/kubernetes/src/kinds/namespace.ts";

const RUNS = 4;
const WRITES_BEFORE_KILL = 300;

it("keeps every acknowledged object, and never gives a resourceVersion twice, through kill -9", async () => {
  const directory = mkdtempSync(join(tmpdir(), "ordinal-crash-"));
  try {
    const acknowledged = new Map<string, string>();
    for (let run = 0; run < RUNS; run++) {
      const writer = spawn(process.execPath, [join(import.meta.dirname, "crashing-writer.ts"), directory, String(run)]);
      let text = "";
      let errors = "";
      writer.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
      writer.stdout.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.split("\n").length > WRITES_BEFORE_KILL) writer.kill("SIGKILL");
      });
      await once(writer, "close");
      // The last line may be torn: what was not printed whole was not heard.
      const lines = text.split("\n").slice(0, -1);
      expect(lines.length, errors).toBeGreaterThanOrEqual(WRITES_BEFORE_KILL);
      for (const line of lines) {
        const [name = "", version = ""] = line.split(" ");
        acknowledged.set(name, version);
      }
      const registry = await createRegistry({ kinds: [namespace, notes], store: await openStore(directory) });
      for (const [name, version] of acknowledged) {
        expect(registry.peek("notes", "default", name)?.metadata.resourceVersion).toBe(version);
      }
      await registry.close();
    }
    expect(new Set(acknowledged.values()).size).toBe(acknowledged.size);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
