import { OpCode } from "../../../../packages/zookeeper/src/jute/op-code.ts";
import type { Scenario } from "../compare.ts";
import {
  acl,
  addWatch,
  auth,
  checkWatches,
  create,
  empty,
  exists,
  getChildren,
  getChildren2,
  getData,
  multi,
  multiRead,
  OPEN,
  remove,
  removeWatches,
  setAcl,
  setData,
  setWatches,
} from "../requests.ts";
import type { Stage, StageClient } from "../stage.ts";

/** Changes of every kind at a node, its parent and its children. */
async function changes(writer: StageClient, root: string): Promise<void> {
  await writer.ask(setData(root, "1"));
  await writer.ask(create(`${root}/a`));
  await writer.ask(create(`${root}/a/b`));
  await writer.ask(setData(`${root}/a`, "2"));
  await writer.ask(setAcl(`${root}/a`, OPEN));
  await writer.ask(setData(`${root}/a`, "3", 9));
  await writer.ask(create(`${root}/a`));
  await writer.ask(multi([setData(root, "4"), create(`${root}/m`), setData(`${root}/m`, "5"), remove(`${root}/m`)]));
  await writer.ask(multi([setData(root, "4"), remove(`${root}/none`)]));
  await writer.ask(create(`${root}/s-`, { flags: 2 }), create(`${root}/e`, { flags: 1 }));
  await writer.ask(remove(`${root}/a/b`));
  await writer.ask(remove(`${root}/a`));
}

/** One-shot watches, set in every way, beside one another. */
export const oneShot: Scenario = async (stage) => {
  const one = await stage.connect("one");
  const two = await stage.connect("two");
  const writer = await stage.connect("writer");
  await writer.ask(create("/shot"), create("/shot/x"), create("/shot/sealed", { acl: [acl(0, "world", "anyone")] }));
  const ways = [
    exists("/shot/x", true),
    exists("/shot/x/a", true),
    exists("/shot/none", true),
    getData("/shot/x", true),
    getData("/shot/x/a", true),
    getChildren("/shot/x", true),
    getChildren2("/shot/x", true),
    getChildren("/shot/x/a", true),
    getChildren("/shot", true),
    getData("/shot/sealed", true),
    getChildren("/shot/sealed", true),
    multiRead([getData("/shot/x", true), getChildren("/shot/x", true)]),
  ];
  for (const way of ways) {
    await one.ask(way);
    await changes(writer, "/shot/x");
    await writer.ask(remove("/shot/x/e"));
  }
  // All at once; the same one twice is told once, the data and the child watch of a node that goes are one event.
  await one.ask(...ways, ...ways);
  await two.ask(...ways);
  await changes(writer, "/shot/x");
  await writer.ask(create("/shot/none"), remove("/shot/none"));
  await writer.ask(setAcl("/shot/sealed", OPEN), remove("/shot/sealed"));
  await one.ask(exists("/shot/x", true), getChildren("/shot", true));
  for (const path of ["/shot/x/e", "/shot/x/none"]) await writer.ask(remove(path));
  await writer.ask(empty(OpCode.closeSession));
  await stage.settle();
};

/** A client's own changes: the event stands before the reply. */
export const ownChanges: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(create("/own"));
  await one.ask(
    getData("/own", true),
    setData("/own", "1"),
    getData("/own", true),
    setData("/own", "2"),
    exists("/own"),
  );
  await one.ask(
    getChildren("/own", true),
    create("/own/a"),
    create("/own/b"),
    getChildren("/own", true),
    remove("/own/a"),
  );
  await one.ask(exists("/own/b", true), getChildren("/own/b", true), remove("/own/b"));
  await one.ask(exists("/own/c", true), multi([create("/own/c"), setData("/own/c", "1")]));
  await one.ask(addWatch("/own", 1), create("/own/d"), setData("/own/d", ""), remove("/own/d"), remove("/own/c"));
  await one.ask(create("/own/e", { flags: 1 }), exists("/own/e", true), remove("/own"), empty(OpCode.closeSession));
};

export const persistent: Scenario = async (stage) => {
  const writer = await stage.connect("writer");
  await writer.ask(create("/lasting"), create("/lasting/x"), create("/lasting/y"));
  for (const mode of [0, 1, 2, -1, 7]) {
    for (const path of ["/lasting/x", "/lasting", "/lasting/none", "/", "", "bad", "/lasting/"]) {
      const one = await stage.connect(`watcher ${mode} of ${path}`);
      await one.ask(addWatch(path, mode));
      if (!one.isClosed) {
        await one.ask(getData("/lasting/y", true), getChildren("/lasting/y", true));
        await changes(writer, "/lasting/x");
        await writer.ask(remove("/lasting/x/e"), create("/lasting/none"), create("/lasting/none/a"));
        await writer.ask(remove("/lasting/none/a"), remove("/lasting/none"));
        await one.ask(checkWatches("/lasting/x", 3), removeWatches(path, 3));
        await writer.ask(setData("/lasting/x", "after"), create("/lasting/after"), remove("/lasting/after"));
        await writer.ask(setData("/lasting/y", "after"), create("/lasting/y/after"), remove("/lasting/y/after"));
        await one.ask(empty(OpCode.closeSession));
      }
      await stage.settle();
    }
  }
};

/** Several kinds of watch of one client on one path: who is told what, how often, and in which order. */
export const mixed: Scenario = async (stage) => {
  const one = await stage.connect("one");
  const two = await stage.connect("two");
  const writer = await stage.connect("writer");
  await writer.ask(create("/mixed"), create("/mixed/x"));
  // Of one client there are several modes beside each other on different paths only: on the same path 3.8 keeps the last one.
  await one.ask(addWatch("/mixed", 1), getData("/mixed/x", true), getChildren("/mixed/x", true));
  await two.ask(addWatch("/mixed", 0), addWatch("/mixed/x", 1), getChildren("/mixed/x", true));
  await changes(writer, "/mixed/x");
  await one.ask(getData("/mixed/x", true), addWatch("/mixed/x/e", 0));
  await two.ask(exists("/mixed/x/e", true), exists("/mixed/x/new", true));
  await changes(writer, "/mixed/x");
  await writer.ask(create("/mixed/x/new"), remove("/mixed/x/new"), remove("/mixed/x/e"));
  await one.ask(removeWatches("/mixed", 3));
  await two.ask(removeWatches("/mixed/x", 3));
  await changes(writer, "/mixed/x");
};

export const removing: Scenario = async (stage) => {
  const writer = await stage.connect("writer");
  await writer.ask(create("/removing"), create("/removing/x"));
  const sets = [
    [],
    [getData("/removing/x", true)],
    [getChildren("/removing/x", true)],
    [getData("/removing/x", true), getChildren("/removing/x", true)],
    [exists("/removing/none", true)],
    [addWatch("/removing/x", 0)],
    [addWatch("/removing/x", 1)],
    [addWatch("/removing", 1)],
  ];
  for (const [index, set] of sets.entries()) {
    // 4 and 5 came with 3.9; before it, 1 and 2 meant lasting watches too.
    const isLasting = set.some(({ type }) => type === OpCode.addWatch);
    for (const type of isLasting ? [3, 0, 6, -1] : [1, 2, 3, 0, 6, -1]) {
      const one = await stage.connect(`client ${index} ${type}`);
      if (set.length > 0) await one.ask(...set);
      await one.ask(checkWatches("/removing/x", type), checkWatches("/removing/none", type));
      await one.ask(removeWatches("/removing/x", type), removeWatches("/removing/none", type));
      await one.ask(checkWatches("/removing/x", type), removeWatches("/removing/x", type));
      await changes(writer, "/removing/x");
      await writer.ask(remove("/removing/x/e"));
      if (!one.isClosed) await one.ask(empty(OpCode.closeSession));
      await stage.settle();
    }
  }
  const one = await stage.connect("one");
  for (const path of ["", "/"]) await one.ask(checkWatches(path, 3), removeWatches(path, 3));
};

/** What a client that was away missed. */
export const again: Scenario = async (stage: Stage) => {
  const writer = await stage.connect("writer");
  await writer.ask(create("/again"), create("/again/same"), create("/again/changed"), create("/again/gone"));
  await writer.ask(create("/again/parent"), create("/again/parent/child"));
  const before = writer.lastZxid;
  await writer.ask(setData("/again/changed", "1"), remove("/again/gone"), create("/again/new"));
  await writer.ask(create("/again/parent/more"));
  const paths = ["same", "changed", "gone", "new", "parent", "none"].map((name) => `/again/${name}`);
  for (const type of [OpCode.setWatches, OpCode.setWatches2]) {
    for (const zxid of [before, writer.lastZxid, 0, -1]) {
      for (const which of [0, 1, 2, 3, 4]) {
        if (type === OpCode.setWatches && which > 2) continue;
        const lists: string[][] = [[], [], []];
        if (type === OpCode.setWatches2) lists.push([], []);
        lists[which] = paths;
        const one = await stage.connect(`client ${type} ${zxid === before} ${zxid} of ${which}`.replace(/\d{4,}/, "n"));
        await one.ask(setWatches(type, zxid, ...lists));
        await writer.ask(setData("/again/same", ""), create("/again/none"), create("/again/same/x"));
        await writer.ask(remove("/again/same/x"), remove("/again/none"), setData("/again/parent", ""));
        await one.ask(empty(OpCode.closeSession));
        await stage.settle();
      }
    }
  }
  const odd = await stage.connect("odd");
  await odd.ask(setWatches(OpCode.setWatches, before, null, null, null));
  await odd.ask(setWatches(OpCode.setWatches, before, paths, paths, paths));
  await odd.ask(setWatches(OpCode.setWatches2, before, paths, paths, paths, paths, paths));
  await odd.ask(setWatches(OpCode.setWatches, before, ["bad"], [""], ["/again//x"]));
  await odd.askAs(77, setWatches(OpCode.setWatches, before, [], [], []));
  await writer.ask(setData("/again/same", "last"), remove("/again/same"));
};

/** Who may not read a node is not told of it. */
export const unreadable: Scenario = async (stage) => {
  const one = await stage.connect("one");
  const owner = await stage.connect("owner");
  await owner.ask(auth("digest", "owner:pw"));
  await owner.ask(create("/secret", { acl: [acl(31, "auth", "")] }));
  await one.ask(exists("/secret/x", true), getData("/secret", true), addWatch("/secret", 1));
  await one.ask(getChildren("/secret", true));
  await owner.ask(create("/secret/x"), setData("/secret", "1"), setData("/secret/x", "2"), remove("/secret/x"));
  await owner.ask(setAcl("/secret", OPEN), setData("/secret", "2"), create("/secret/y"), remove("/secret/y"));
  await owner.ask(create("/secret/z", { acl: [acl(31, "auth", "")] }));
  await owner.ask(setData("/secret/z", "1"), remove("/secret/z"), remove("/secret"));
};
