import { OpCode } from "../../../../packages/zookeeper/src/jute/op-code.ts";
import type { Scenario } from "../compare.ts";
import {
  acl,
  addWatch,
  create,
  empty,
  exists,
  getAcl,
  getChildren2,
  getData,
  multi,
  onPath,
  type RawRequest,
  record,
  reconfig,
  remove,
  setAcl,
  setData,
  setWatches,
  sync,
} from "../requests.ts";

const LIMIT = 4096;
export const OPTIONS = { properties: { "jute.maxbuffer": String(LIMIT) } };

const RIGHT: readonly RawRequest[] = [
  create("/bad/new", { data: "data" }),
  create("/bad/new", { flags: 5, ttl: 1000 }),
  remove("/bad/none"),
  setData("/bad", "data"),
  setAcl("/bad", [acl(31, "world", "anyone")]),
  exists("/bad", true),
  getData("/bad"),
  getChildren2("/bad"),
  getAcl("/bad"),
  sync("/bad"),
  multi([create("/bad/multi"), setData("/bad", "x"), remove("/bad/multi")]),
  setWatches(OpCode.setWatches, 0, ["/bad"], [], []),
  setWatches(OpCode.setWatches2, 0, [], [], [], ["/bad"], []),
  addWatch("/bad", 1),
  onPath(OpCode.getEphemerals, "/bad"),
  onPath(OpCode.getAllChildrenNumber, "/bad"),
  reconfig("a", "b", "c"),
];

/** Every request cut short at every byte. */
export const truncated: Scenario = async (stage) => {
  let one = await stage.connect("one");
  await one.ask(create("/bad"));
  for (const [index, { type, record: whole }] of RIGHT.entries()) {
    for (let length = 0; length < whole.length; length++) {
      if (one.isClosed) one = await stage.connect(`client ${index} ${length}`);
      await one.ask({ type, record: whole.subarray(0, length) });
    }
    if (one.isClosed) one = await stage.connect(`client ${index}`);
    await one.ask({ type, record: Buffer.concat([whole, new Uint8Array(5)]) });
    await one.ask(getChildren2("/bad"), remove("/bad/new"));
  }
};

/** Lengths and counts that lie. */
export const lies: Scenario = async (stage) => {
  let one = await stage.connect("one");
  await one.ask(create("/lies"));
  const path = Buffer.from("/lies");
  for (const length of [-1, -2, -0x8000_0000, 0, 4, 6, 100, 5000, 0x7fff_ffff]) {
    const requests = [
      { type: OpCode.exists, record: record((to) => (to.int32(length), to.bytes(path), to.boolean(false))) },
      { type: OpCode.setData, record: record((to) => (to.ustring("/lies"), to.int32(length), to.int32(-1))) },
      { type: OpCode.setACL, record: record((to) => (to.ustring("/lies"), to.int32(length), to.int32(31))) },
      {
        type: OpCode.create,
        record: record((to) => (to.ustring("/lies/x"), to.buffer(null), to.int32(length), to.int32(0))),
      },
      { type: OpCode.setWatches, record: record((to) => (to.long(0), to.int32(length), to.int32(0), to.int32(0))) },
    ];
    for (const request of requests) {
      if (one.isClosed) one = await stage.connect(`client ${length} ${request.type}`);
      await one.ask(request, exists("/lies"));
    }
  }
};

export const unknown: Scenario = async (stage) => {
  const writer = await stage.connect("writer");
  await writer.ask(create("/unknown"));
  for (const type of [0, -1, -2, 10, 23, 24, 99, 108, 200, 1000, -12, -100, 0x7fff_ffff, -0x8000_0000]) {
    const one = await stage.connect(`type ${type}`);
    await one.ask({ type, record: new Uint8Array(8) });
    await one.closed(1000);
  }
};

/** Frames at the limit of a request, and lengths that no frame may have. */
export const frames: Scenario = async (stage) => {
  const setup = await stage.connect("setup");
  await setup.ask(create("/frames"));
  const overhead = 8 + setData("/frames", "").record.length;
  for (const over of [-1, 0, 1, 100]) {
    const one = await stage.connect(`over by ${over}`);
    await one.ask(setData("/frames", "x".repeat(LIMIT - overhead + over)));
    if (!one.isClosed) await one.ask(exists("/frames"), empty(OpCode.closeSession));
    await stage.settle();
  }
  for (const length of [-1, -0x8000_0000, LIMIT + 1, 0x7fff_ffff, 0, 1, 4, 7]) {
    const one = await stage.connect(`length ${length}`);
    await one.raw(
      `a frame of ${length}`,
      record((to) => (to.int32(length), to.bytes(new Uint8Array(Math.max(0, Math.min(length, 8)))))),
    );
    if (!one.isClosed) await one.ask(exists("/frames"));
    if (!one.isClosed) await one.ask(empty(OpCode.closeSession));
    await stage.settle();
  }
};

/** Xids of the client's choice, and those that mean something. */
export const xids: Scenario = async (stage) => {
  const one = await stage.connect("one");
  for (const xid of [0, -1, -3, -4, -5, -8, 5, 5, 4, 0x7fff_ffff, -0x8000_0000]) {
    await one.askAs(xid, exists("/"));
    await one.askAs(xid, setData("/none", "x"));
  }
  await one.askAs(9, empty(OpCode.ping));
  await one.ask({ type: OpCode.ping, record: new Uint8Array(30) });
  await one.ask({ type: OpCode.whoAmI, record: new Uint8Array(3) });
};
