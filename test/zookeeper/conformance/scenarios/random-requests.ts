/** Requests by chance, the likely ones more often; the same for the same seed. */
import { SeededRandom } from "@ordinal/kit";

import { OpCode } from "../../../../packages/zookeeper/src/jute/op-code.ts";
import { digestId } from "../../../../packages/zookeeper/src/processing/digest-scheme.ts";
import type { Scenario } from "../compare.ts";
import {
  acl,
  addWatch,
  auth,
  check,
  create,
  create2,
  createContainer,
  empty,
  exists,
  getAcl,
  getChildren,
  getChildren2,
  getData,
  multi,
  multiRead,
  onPath,
  OPEN,
  type RawRequest,
  remove,
  removeWatches,
  setAcl,
  setData,
  setWatches,
  sync,
} from "../requests.ts";
import type { Stage, StageClient } from "../stage.ts";

const NAMES = ["a", "b", "c", "a/a", "a/b", "b/a", "a/a/a", "a/a/b", "c/a/b/c"];
const LISTS = [
  OPEN,
  OPEN,
  OPEN,
  OPEN,
  [acl(31, "auth", "")],
  [acl(31, "digest", digestId("bob:pw")), acl(1, "world", "anyone")],
  [acl(5, "world", "anyone"), acl(31, "ip", "127.0.0.1")],
  [],
];

/** One stage of `steps` steps; some of them are several requests at once. */
export function randomRun(seed: number, steps: number): Scenario {
  return async (stage) => {
    const random = new SeededRandom(seed);
    const root = `/random${seed}`;
    const setup = await stage.connect("setup");
    await setup.ask(create(root));
    const clients: StageClient[] = [];
    for (let index = 0; index < 4; index++) clients[index] = await newClient(stage, random, `client ${index}`);
    for (let step = 0; step < steps; step++) {
      const index = random.between(0, clients.length - 1);
      let client = clients[index] as StageClient;
      if (client.isClosed || random.chance(0.02)) {
        if (!client.isClosed) await client.ask(empty(OpCode.closeSession));
        client = await newClient(stage, random, `client ${index} of ${step}`);
        clients[index] = client;
      }
      const count = random.chance(0.25) ? random.between(2, 9) : 1;
      const requests = Array.from({ length: count }, () => anyRequest(random, root, client));
      await client.ask(...withoutHaste(requests));
    }
    for (const client of clients) if (!client.isClosed) await client.ask(empty(OpCode.closeSession));
    await walk(setup, root, NAMES);
  };
}

/** The original checks what follows a setACL by the list that was there before, until the setACL is applied: by chance. */
function withoutHaste(requests: readonly RawRequest[]): readonly RawRequest[] {
  return requests.length === 1 ? requests : requests.filter(({ type }) => type !== OpCode.setACL);
}

async function newClient(stage: Stage, random: SeededRandom, name: string): Promise<StageClient> {
  const client = await stage.connect(name, { server: random.between(0, stage.servers - 1) });
  if (random.chance(0.4)) await client.ask(auth("digest", "bob:pw"));
  return client;
}

/** What is left, node by node. */
async function walk(client: StageClient, root: string, names: readonly string[]): Promise<void> {
  for (const path of [root, ...names.map((name) => `${root}/${name}`)]) {
    await client.ask(getChildren2(path), getData(path), getAcl(path), onPath(OpCode.getAllChildrenNumber, path));
  }
}

function anyRequest(random: SeededRandom, root: string, client: StageClient): RawRequest {
  const path = random.chance(0.03) ? root : `${root}/${random.pick(NAMES)}`;
  const chance = random.float();
  if (chance < 0.5) return change(random, path);
  if (chance < 0.56) {
    return multi(Array.from({ length: random.between(1, 4) }, () => part(random, `${root}/${random.pick(NAMES)}`)));
  }
  if (chance < 0.6) return setAcl(path, random.pick(LISTS), version(random));
  return readOf(random, path, client);
}

function version(random: SeededRandom): number {
  return random.pick([-1, -1, -1, 0, 1, 2, 3]);
}

function part(random: SeededRandom, path: string): RawRequest {
  return random.chance(0.2) ? check(path, version(random)) : change(random, path);
}

function change(random: SeededRandom, path: string): RawRequest {
  const data = "x".repeat(random.between(0, 12));
  switch (random.between(0, 9)) {
    case 0:
    case 1:
    case 2:
      return create(path, { data, acl: random.pick(LISTS), flags: random.pick([0, 0, 0, 0, 0, 1, 2, 3]) });
    case 3:
      return create2(path, { data, acl: random.pick(LISTS), flags: random.pick([0, 0, 1, 2, 3]) });
    case 4:
      return random.chance(0.5)
        ? createContainer(path)
        : create(path, { data, flags: random.pick([5, 6]), ttl: 3_600_000 });
    case 5:
    case 6:
      return remove(path, version(random));
    default:
      return setData(path, random.chance(0.05) ? null : data, version(random));
  }
}

function readOf(random: SeededRandom, path: string, client: StageClient): RawRequest {
  const watch = random.chance(0.4);
  switch (random.between(0, 13)) {
    case 0:
    case 1:
      return getData(path, watch);
    case 2:
      return getChildren(path, watch);
    case 3:
    case 4:
      return getChildren2(path, watch);
    case 5:
      return getAcl(path);
    case 6:
      return sync(path);
    case 7:
      return multiRead([getData(path), getChildren(path)]);
    case 8:
      return onPath(OpCode.getEphemerals, path);
    case 9:
      return onPath(OpCode.getAllChildrenNumber, path);
    case 10:
      return setWatches(OpCode.setWatches, client.lastZxid, [path], [], []);
    case 11:
      // Below the nodes of the other requests: of one client, modes on the same path are another matter in 3.8.
      return random.chance(0.5) ? addWatch(`${path}/lasting`, random.between(0, 1)) : removeWatches(path, 3);
    case 12:
      return exists(`${path}/none`, watch);
    default:
      return empty(OpCode.whoAmI);
  }
}
