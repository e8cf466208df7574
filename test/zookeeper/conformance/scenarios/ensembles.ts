import { OpCode } from "../../../../packages/zookeeper/src/jute/op-code.ts";
import type { Scenario } from "../compare.ts";
import {
  addWatch,
  create,
  empty,
  exists,
  getChildren2,
  getData,
  multi,
  onPath,
  remove,
  setData,
  sync,
} from "../requests.ts";

/** What one server's clients do is told to those of the others. */
export const acrossServers: Scenario = async (stage) => {
  const clients = [];
  for (let server = 0; server < stage.servers; server++)
    clients.push(await stage.connect(`client of ${server}`, { server }));
  const [first] = clients;
  await first?.ask(create("/across"));
  for (const client of clients) {
    for (const other of clients) {
      await other.ask(exists("/across/x", true), getChildren2("/across", true), addWatch("/across/x/y", 1));
    }
    await client.ask(create("/across/x", { flags: 1 }), setData("/across/x", client.name), sync("/across"));
    for (const other of clients) await other.ask(getData("/across/x", true), onPath(OpCode.getEphemerals, "/"));
    await client.ask(multi([setData("/across/x", "1"), remove("/across/x"), create("/across/s-", { flags: 2 })]));
    await client.ask(create("/across/none/x"), setData("/across/none", ""), getChildren2("/across"));
  }
};

/** A session that goes from server to server takes its ephemerals along; its former connection is of no use. */
export const moved: Scenario = async (stage) => {
  for (let from = 0; from < stage.servers; from++) {
    const to = (from + 1) % stage.servers;
    const root = `/moved${from}`;
    const watcher = await stage.connect(`watcher ${from}`, { server: (from + 2) % stage.servers });
    const before = await stage.connect(`before ${from}`, { server: from });
    await before.ask(create(root), create(`${root}/e`, { flags: 1 }), getData(root, true));
    await watcher.ask(exists(`${root}/e`, true), getChildren2(root, true));
    const { sessionId, password } = before;
    const after = await stage.connect(`after ${from}`, { server: to, sessionId, password });
    await after.ask(onPath(OpCode.getEphemerals, "/"), create(`${root}/more-`, { flags: 3 }), getData(root, true));
    // Its former server has to ask the leader who owns the session now.
    await before.ask(setData(root, "moved"));
    await before.closed(2000);
    await after.ask(setData(root, "still here"), getData(root));
    const again = await stage.connect(`again ${from}`, { server: from, sessionId, password });
    await again.ask(getData(root), onPath(OpCode.getEphemerals, "/"));
    // Not where the session has a connection: the original ends that before it looks at the password.
    const elsewhere = (from + 2) % stage.servers;
    await stage.connect(`wrong ${from}`, { server: elsewhere, sessionId, password: new Uint8Array(16) });
    await again.ask(empty(OpCode.closeSession));
    await watcher.ask(getChildren2(root));
    await stage.connect(`late ${from}`, { server: to, sessionId, password });
    await watcher.ask(empty(OpCode.closeSession));
  }
};

/** A client may not go to a server that has seen less than it. */
export const ahead: Scenario = async (stage) => {
  for (let server = 0; server < stage.servers; server++) {
    await stage.connect(`ahead at ${server}`, { server, lastZxidSeen: 2 ** 50 });
  }
};
