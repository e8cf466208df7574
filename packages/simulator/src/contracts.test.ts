import { SeededRandom } from "@ordinal/kit";

import { clockContract } from "./contracts/clock-contract.ts";
import { diskContract } from "./contracts/disk-contract.ts";
import { netContract } from "./contracts/net-contract.ts";
import { randomContract } from "./contracts/random-contract.ts";
import { storeContract } from "./contracts/store-contract.ts";
import { simulate } from "./simulate.ts";

const SEED = 7;

clockContract("the simulated clock", (body) => simulate(SEED, (world) => body(world.host("127.9.0.1").start().clock)));

randomContract("the seeded generator", () => new SeededRandom(SEED));

diskContract("the simulated disk", (body) =>
  simulate(SEED, async (world) => {
    const { disk } = world.host("127.9.0.1").start();
    await disk.makeDirectory("/data");
    await body(disk, "/data");
  }),
);

storeContract("the simulated store", (body) =>
  simulate(SEED, (world) => {
    const ports = world.host("127.9.0.1").start();
    return body(() => ports.openStore("/store"));
  }),
);

netContract("the simulated network", (body) =>
  simulate(SEED, (world) => {
    const server = world.host("127.9.0.1").start().net;
    const client = world.host("127.9.0.2").start().net;
    return body({ server, client, host: "127.9.0.1" });
  }),
);
