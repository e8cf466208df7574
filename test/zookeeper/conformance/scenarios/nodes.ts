import { OpCode } from "../../../../packages/zookeeper/src/jute/op-code.ts";
import type { Scenario } from "../compare.ts";
import {
  acl,
  create,
  create2,
  createContainer,
  empty,
  exists,
  getAcl,
  getChildren,
  getChildren2,
  getData,
  onPath,
  OPEN,
  reconfig,
  remove,
  setAcl,
  setData,
  sync,
} from "../requests.ts";

const ODD_PATHS: readonly (string | null)[] = [
  null,
  "",
  "/",
  "a",
  "//",
  "/a/",
  "/nodes/",
  "/nodes//a",
  "/nodes/./a",
  "/nodes/../a",
  "/nodes/.",
  "/nodes/..",
  "/nodes/.a",
  "/nodes/...",
  "/nodes/a\0b",
  "/nodes/a\u0001",
  "/nodes/a\u001f",
  "/nodes/a\u007f",
  "/nodes/a\u009f",
  "/nodes/a\u00a0",
  "/nodes/ ",
  "/nodes/ä\u20ac",
  "/nodes/\uf8ff",
  "/nodes/\ufff0",
  "/nodes/\ue000",
  "/nodes/\ufeff",
  "/missing/a",
  "/zookeeper",
  "/zookeeper/",
  "/zookeeper/config",
  "/zookeeper/quota",
  "/zookeeper/new",
  "/zookeeper/config/new",
];

const LISTS = [OPEN, [], null, [acl(31, "nonsense", "x")], [acl(0, "world", "anyone")], [acl(31, "world", "nobody")]];

/** Every path that is odd with every operation. */
export const oddPaths: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(create("/nodes"));
  for (const path of ODD_PATHS) {
    const requests = [
      create(path),
      create(path, { flags: 2 }),
      create2(path, { flags: 1 }),
      create(path, { flags: 3 }),
      createContainer(path),
      exists(path),
      exists(path, true),
      getData(path),
      getData(path, true),
      getChildren(path),
      getChildren2(path, true),
      getAcl(path),
      sync(path),
      onPath(OpCode.getEphemerals, path),
      onPath(OpCode.getAllChildrenNumber, path),
      // The configuration's text holds addresses, which are not the same.
      ...(path === "/zookeeper/config" ? [] : [setData(path, "x"), setAcl(path, OPEN)]),
      ...(path?.startsWith("/zookeeper/") ? [] : [remove(path)]),
    ];
    for (const [index, request] of requests.entries()) {
      const client = one.isClosed ? await stage.connect(`after ${path} ${index}`) : one;
      await client.ask(request);
      if (client !== one) await client.ask(empty(OpCode.closeSession));
    }
  }
};

/** Flags that a create knows and does not. */
export const createFlags: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(create("/flags"));
  for (const type of [OpCode.create, OpCode.create2, OpCode.createContainer, OpCode.createTTL]) {
    for (const flags of [0, 1, 2, 3, 4, 5, 6, 7, 8, -1, 16, 256, 0x7fff_ffff]) {
      // A time to live that is out of range, with flags that ask for none, ends the original, at each of its starts too.
      const ttls = flags === 5 || flags === 6 ? [1000, 0, -1, 2 ** 40, 0xff_ffff_ffff] : [1000];
      for (const ttl of type === OpCode.createTTL ? ttls : [undefined]) {
        const client = await stage.connect(`client of ${type} ${flags} ${ttl}`);
        const options = { type, flags, ...(ttl !== undefined && { ttl }) };
        await client.ask(create(`/flags/${type}-${flags}-${ttl}-`, options));
        await client.ask(create(`/flags/${type}-${flags}-${ttl}-/below`, options));
        await client.ask(getChildren2("/flags"));
        for (const child of [`${type}-${flags}-${ttl}-`]) {
          await client.ask(exists(`/flags/${child}`), getAcl(`/flags/${child}`), getData(`/flags/${child}`));
        }
        await client.ask(onPath(OpCode.getEphemerals, "/flags"));
        await client.ask(empty(OpCode.closeSession));
        await stage.settle();
      }
    }
  }
  await one.ask(getChildren2("/flags"));
};

/** What is looked at first where several things are wrong. */
export const orderOfChecks: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(
    create("/order"),
    create("/order/ephemeral", { flags: 1 }),
    create("/order/locked", { acl: [acl(1, "world", "anyone")] }),
    create("/order/sealed", { acl: [acl(0, "world", "anyone")] }),
    create("/order/mine", { acl: [acl(31, "ip", "10.0.0.1")] }),
    create("/order/full"),
    create("/order/full/child"),
  );
  const parents = ["/order", "/order/ephemeral", "/order/locked", "/order/sealed", "/order/mine", "/order/none"];
  for (const parent of parents) {
    for (const name of ["new", "", "a//b", "full", "\u0001"]) {
      for (const list of LISTS) {
        await one.ask(create(`${parent}/${name}`, { acl: list }));
        await one.ask(create(`${parent}/${name}`, { acl: list, flags: 3 }));
        await one.ask(create(`${parent}/${name}`, { acl: list, ttl: 0, flags: 5 }));
      }
      await one.ask(getChildren2(parent));
    }
  }
  const nodes = [...parents, "/order/full", "/order/full/", "/order/locked/none"];
  for (const node of nodes) {
    for (const version of [-1, 0, 1, 7, -2]) {
      await one.ask(setData(node, "data", version));
      await one.ask(setAcl(node, [], version));
      await one.ask(setAcl(node, [acl(31, "auth", "")], version));
      if (node !== "/order") await one.ask(remove(node, version));
      await one.ask(exists(node), getData(node), getAcl(node), getChildren2(node));
    }
  }
};

/** Counters and stats over the life of nodes. */
export const counters: Scenario = async (stage) => {
  const one = await stage.connect("one");
  const two = await stage.connect("two");
  await one.ask(create("/counters"), create("/counters/p"));
  const look = () => one.ask(exists("/counters/p"), getChildren2("/counters"), exists("/counters"));
  for (let round = 0; round < 3; round++) {
    await one.ask(create("/counters/p/s-", { flags: 2 }), create2("/counters/p/s-", { flags: 3 }));
    await look();
    await two.ask(create("/counters/p/", { flags: 2 }), create("/counters/p/", { flags: 3 }));
    await look();
    await one.ask(remove(`/counters/p/s-000000000${round * 4}`));
    await look();
    await one.ask(create("/counters/p/plain"), remove("/counters/p/plain"));
    await look();
    await one.ask(setData("/counters/p", "x".repeat(round)), setAcl("/counters/p", OPEN));
    await look();
    await one.ask(setData("/counters/p", null), getData("/counters/p"));
  }
  await two.ask(empty(OpCode.closeSession));
  await look();
  await one.ask(remove("/counters/p"));
  await one.ask(getChildren("/counters/p"), onPath(OpCode.getAllChildrenNumber, "/counters"));
};

/** Data of all lengths, none included, and old versions. */
export const data: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(create("/data"));
  for (const [index, bytes] of [null, "", "x", new Uint8Array([0, 255, 128]), "y".repeat(70_000)].entries()) {
    await one.ask(create(`/data/${index}`, { data: bytes }), getData(`/data/${index}`));
    await one.ask(create2(`/data/${index}-`, { data: bytes, flags: 2 }));
    await one.ask(setData(`/data/${index}`, bytes, 0), getData(`/data/${index}`), setData(`/data/${index}`, bytes, 0));
    await one.ask(setData(`/data/${index}`, bytes, 1), exists(`/data/${index}`));
  }
  await one.ask(onPath(OpCode.getAllChildrenNumber, "/"), onPath(OpCode.getEphemerals, ""));
};

/** Where no ensemble and no configuration can be changed. */
export const reconfiguration: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(getAcl("/zookeeper/config"), getChildren2("/zookeeper"), exists("/zookeeper/config"));
  await one.ask(reconfig(null, null, null));
  await one.ask(reconfig("server.9=127.0.0.1:1:2", null, null));
  await one.ask(reconfig("nonsense", "1", "nonsense", 5));
  await one.ask(reconfig("", "", "", 0));
};
