import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { clockContract, diskContract, netContract, randomContract, storeContract } from "@ordinal/simulator/contracts";

import { CuttableNet } from "./cuttable-net.ts";
import { openStore } from "./level-store/open-store.ts";
import { realRandom } from "./random.ts";
import { realClock } from "./real-clock.ts";
import { realDisk } from "./real-disk.ts";
import { realNet } from "./real-net.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "ordinal-io-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

clockContract("the real clock", (body) => body(realClock));
randomContract("the system's generator", () => realRandom);
diskContract("the real disk", (body) => inFolder((folder) => body(realDisk, folder)));
storeContract("the store on LevelDB", (body) => inFolder((folder) => body(() => openStore(join(folder, "store")))));
netContract("the real network", (body) => body({ server: realNet, client: realNet, host: "127.0.0.1" }));
netContract("the real network with links that can be cut", (body) =>
  body({ server: realNet, client: new CuttableNet(realNet, realClock), host: "127.0.0.1" }),
);
