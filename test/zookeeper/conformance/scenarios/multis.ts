import { OpCode } from "../../../../packages/zookeeper/src/jute/op-code.ts";
import type { Scenario } from "../compare.ts";
import {
  acl,
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
  OPEN,
  reconfig,
  type RawRequest,
  record,
  remove,
  setAcl,
  setData,
  sync,
} from "../requests.ts";

/** Every kind of part alone, wrong ones too, and with a part that fails before and after it. */
export const kindsOfParts: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(create("/multi"), create("/multi/there", { data: "1" }));
  const kinds: readonly RawRequest[] = [
    create("/multi/new"),
    create("/multi/new", { flags: 1 }),
    create("/multi/new-", { flags: 2 }),
    create("/multi/new-", { flags: 3 }),
    create("/multi/new", { flags: 4 }),
    create("/multi/new", { flags: 9 }),
    create("/multi/new", { acl: [] }),
    create("/multi/new", { acl: null }),
    create2("/multi/new"),
    create2("/multi/new-", { flags: 3 }),
    createContainer("/multi/new"),
    createContainer("/multi/new", { flags: 0 }),
    create("/multi/new", { ttl: 1000, flags: 5 }),
    create("/multi/new-", { ttl: 1000, flags: 6 }),
    create("/multi/new", { ttl: 0, flags: 5 }),
    create("/multi/there"),
    create("/multi/none/new"),
    create("bad"),
    remove("/multi/there", 0),
    remove("/multi/there", 5),
    remove("/multi/none"),
    remove("/multi"),
    remove("/"),
    setData("/multi/there", "2"),
    setData("/multi/there", null, 0),
    setData("/multi/there", "2", 7),
    setData("/multi/none", "2"),
    setData("bad", "2"),
    check("/multi/there"),
    check("/multi/there", 0),
    check("/multi/there", 3),
    check("/multi/none"),
    check("/multi/there", -2),
    setAcl("/multi/there", OPEN),
    exists("/multi"),
    getData("/multi"),
    getChildren("/multi"),
    sync("/multi"),
    multi([create("/multi/inner")]),
    reconfig(null, null, null),
    empty(OpCode.ping),
    empty(OpCode.closeSession),
    { type: OpCode.deleteContainer, record: record((to) => to.ustring("/multi/there")) },
    { type: OpCode.error, record: record((to) => to.int32(-7)) },
    { type: 99, record: new Uint8Array(0) },
    { type: -1, record: new Uint8Array(0) },
  ];
  const fine = create("/multi/fine");
  const failing = check("/multi/none");
  for (const [index, kind] of kinds.entries()) {
    for (const parts of [[kind], [fine, kind], [kind, fine], [failing, kind], [kind, failing], [fine, kind, failing]]) {
      const client = one.isClosed ? await stage.connect(`client ${index}`) : one;
      await client.ask(multi(parts));
      if (client.isClosed) continue;
      await client.ask(getChildren2("/multi"), exists("/multi/there"));
      await client.ask(remove("/multi/fine"), remove("/multi/new"), create("/multi/there", { data: "1" }));
      if (client !== one) await client.ask(empty(OpCode.closeSession));
    }
  }
};

/** Headers that lie, ends that are missing, bytes behind the end. */
export const headers: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(create("/headers"));
  const part = create("/headers/a-", { flags: 2 });
  const oddities: readonly RawRequest[] = [
    multi([]),
    multi([], { end: null }),
    multi([part], { end: null }),
    multi([part], { end: { type: 1, done: true, error: 0 } }),
    multi([part], { end: { type: -1, done: true, error: 5 } }),
    multi([part], { header: ({ type }) => ({ type, done: false, error: 7 }) }),
    multi([part], { header: ({ type }) => ({ type, done: true, error: -1 }) }),
    multi([part], { header: () => ({ type: -1, done: false, error: -1 }) }),
    multi([part], { header: () => ({ type: 13, done: false, error: -1 }) }),
    multi([part], { tail: new Uint8Array(7) }),
    multi([part, part, part]),
    multi([part], { end: { type: -1, done: false, error: -1 } }),
    empty(OpCode.multi),
    empty(OpCode.multiRead),
    { type: OpCode.multi, record: new Uint8Array(3) },
    { type: OpCode.multiRead, record: new Uint8Array(3) },
    multiRead([]),
    multiRead([], { end: null }),
    multiRead([getData("/headers")], { end: null }),
    multiRead([getData("/headers")], { tail: new Uint8Array(5) }),
    multiRead([part]),
    multi([getData("/headers")]),
    multi([getData("/headers"), part]),
    multi([part, getData("/headers")]),
    multiRead([getData("/headers"), part]),
    multiRead([check("/headers"), getData("/headers")]),
  ];
  for (const [index, request] of oddities.entries()) {
    const client = one.isClosed ? await stage.connect(`client ${index}`) : one;
    await client.ask(request, exists("/headers"));
    if (client !== one) await client.ask(empty(OpCode.closeSession));
  }
  await stage.settle();
  const last = await stage.connect("last");
  await last.ask(getChildren2("/headers"));
};

/** What later parts see of the earlier ones, and what is left of a multi that failed. */
export const within: Scenario = async (stage) => {
  const one = await stage.connect("one");
  const two = await stage.connect("two");
  await one.ask(create("/within"), create("/within/e", { flags: 1 }));
  await one.ask(
    multi([create("/within/a"), create("/within/a/b"), setData("/within/a/b", "x", 0), check("/within/a", 0)]),
  );
  await one.ask(multi([create("/within/a/b-", { flags: 2 }), create("/within/a/b-", { flags: 2 })]));
  await one.ask(multi([remove("/within/a/b"), remove("/within/a")]));
  await one.ask(multi([remove("/within/a/b"), create("/within/a/b"), setData("/within/a/b", "new", 0)]));
  await one.ask(multi([setData("/within/a", "1"), setData("/within/a", "2"), setData("/within/a", "3", 0)]));
  await one.ask(multi([setData("/within/a", "1"), setData("/within/a", "2"), setData("/within/a", "3", 2)]));
  await one.ask(multi([create("/within/a/s-", { flags: 3 }), create("/within/e/x")]));
  await one.ask(multi([create("/within/a/s-", { flags: 2 }), create("/within/a/s-", { flags: 3 })]));
  await one.ask(multi([create("/within/locked", { acl: [acl(1, "world", "anyone")] }), create("/within/locked/x")]));
  await one.ask(
    multi([create("/within/locked", { acl: [acl(1, "world", "anyone")] }), setData("/within/locked", "x")]),
  );
  await one.ask(multi([create("/within/f", { flags: 1 }), create("/within/f/x")]));
  await one.ask(multi([create("/within/f", { flags: 1 }), remove("/within/f"), create("/within/f", { flags: 1 })]));
  await two.ask(multi([remove("/within/f"), create("/within/f", { flags: 1, data: "two" })]));
  await one.ask(getData("/within/f"), getChildren2("/within"), getChildren2("/within/a"), getAcl("/within/a"));
  // Pipelined: the second sees what the first has prepared, and a failed one leaves nothing behind.
  await one.ask(
    multi([create("/within/p"), create("/within/q")]),
    multi([create("/within/p/1"), create("/within/none/1")]),
    multi([create("/within/p/1"), remove("/within/q")]),
    create("/within/q/1"),
    create("/within/p/1"),
    getChildren2("/within/p"),
    getChildren2("/within"),
    create("/within/s-", { flags: 2 }),
    multi([create("/within/s-", { flags: 2 }), remove("/within/none")]),
    create("/within/s-", { flags: 2 }),
  );
  await one.ask(empty(OpCode.closeSession));
  await two.ask(getChildren2("/within"));
};

export const reads: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(create("/reads", { data: "x" }), create("/reads/sealed", { acl: [acl(0, "world", "anyone")] }));
  const kinds = [
    getData("/reads"),
    getChildren("/reads"),
    getChildren2("/reads"),
    getData("/reads/none"),
    getChildren("/reads/none"),
    getData("/reads/sealed"),
    getChildren("/reads/sealed"),
    getData(null),
    getData("bad"),
    getData("/reads", true),
    getChildren("/reads", true),
    exists("/reads"),
    getAcl("/reads"),
  ];
  for (const kind of kinds) {
    await one.ask(multiRead([kind]));
    await one.ask(multiRead([getData("/reads"), kind, getChildren("/reads")]));
  }
  await one.ask(setData("/reads", "y"), create("/reads/new"));
  await one.ask(setData("/reads", "z"), remove("/reads/new"));
};
