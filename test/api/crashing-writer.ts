// Writes objects as fast as it can and prints the name and resourceVersion of each that was acknowledged, until it is killed.
import { openStore } from "@ordinal/io";

import { createLocalClient, createRegistry } from "../../packages/kubernetes/src/api/index.ts";
import { notes } from "../../packages/kubernetes/src/api/testing/test-kinds.ts";
import { namespace } from "../../packages/kubernetes/src/kinds/namespace.ts";

const [directory = "", run = ""] = process.argv.slice(2);
const store = await openStore(directory);
const registry = await createRegistry({ kinds: [namespace, notes], store });
const client = createLocalClient(registry, "writer");

async function write(lane: number): Promise<never> {
  for (let number = 0; ; number++) {
    const { metadata } = await client.create("notes", {
      metadata: { name: `n-${run}-${lane}-${number}`, namespace: "default" },
      data: { text: "x".repeat(500) },
    });
    process.stdout.write(`${metadata.name} ${metadata.resourceVersion}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, lane) => write(lane)));
