import { OpCode } from "../../../../packages/zookeeper/src/jute/op-code.ts";
import type { Scenario } from "../compare.ts";
import { create, empty, exists, getChildren, onPath, record, type RawRequest, setData } from "../requests.ts";
import { connectFrame } from "../stage.ts";

/** Sessions expire soon here. */
export const OPTIONS = { lines: ["tickTime=100"] };

/** The first frame of a connection, right and wrong. */
export const handshakes: Scenario = async (stage) => {
  for (const timeoutMs of [0, -1, 1, 199, 200, 201, 1000, 1999, 2000, 2001, 1 << 30, 0x7fff_ffff, -0x8000_0000]) {
    const one = await stage.connect(`timeout ${timeoutMs}`, { timeoutMs });
    await one.ask(empty(OpCode.closeSession));
  }
  for (const readOnly of [true, false, undefined]) {
    const one = await stage.connect(`read-only ${readOnly}`, { readOnly, timeoutMs: 2000 });
    await one.ask(exists("/"), empty(OpCode.closeSession));
  }
  for (const protocolVersion of [1, -1, 99]) {
    const one = await stage.connect(`version ${protocolVersion}`, { protocolVersion, timeoutMs: 2000 });
    await one.ask(empty(OpCode.closeSession));
  }
  for (const lastZxidSeen of [-1, 1, 2 ** 40]) {
    const one = await stage.connect(`zxid ${lastZxidSeen}`, { lastZxidSeen, timeoutMs: 2000 });
    if (!one.isClosed) await one.ask(empty(OpCode.closeSession));
  }
  for (const password of [
    null,
    new Uint8Array(0),
    new Uint8Array(3),
    new Uint8Array(16).fill(7),
    new Uint8Array(100),
  ]) {
    const one = await stage.connect(`password of ${password?.length}`, { password, timeoutMs: 2000 });
    await one.ask(empty(OpCode.closeSession));
    await stage.connect(`foreign with ${password?.length}`, { sessionId: 0x1234n, password, timeoutMs: 2000 });
  }
};

/** First frames that are none. */
export const firstBytes: Scenario = async (stage) => {
  const right = connectFrame({ timeoutMs: 2000 });
  const framed = (bytes: Uint8Array, length = bytes.length): Uint8Array =>
    record((to) => {
      to.int32(length);
      to.bytes(bytes);
    });
  const attempts: readonly (readonly [string, Uint8Array])[] = [
    ["an empty frame", framed(new Uint8Array(0))],
    ["a short frame", framed(new Uint8Array(10))],
    ["a password that ends too early", framed(right.subarray(0, 30))],
    ["bytes behind the request", framed(Buffer.concat([right, new Uint8Array(20)]))],
    ["a password of negative length", framed(record((to) => (to.bytes(right.subarray(0, 24)), to.int32(-2))))],
    ["a password that is too long", framed(record((to) => (to.bytes(right.subarray(0, 24)), to.int32(1 << 30))))],
    ["a negative length", framed(right, -1)],
    ["the least length", framed(right, -0x8000_0000)],
    ["a great length", framed(right, 0x7fff_fff0)],
    ["a length at the limit", framed(right, 0xfffff + 1)],
    [
      "a request instead",
      framed(record((to) => (to.int32(1), to.int32(OpCode.getData), to.ustring("/"), to.boolean(false)))),
    ],
    ["http", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["tls", Buffer.from("160301008f0100008b0303", "hex")],
  ];
  for (const [what, bytes] of attempts) {
    const one = await stage.dial(what);
    await one.raw(what, bytes);
    await one.handshake(500);
    await one.connection.end();
  }
};

/** The connection changes, the session stays; or does not. */
export const reattached: Scenario = async (stage) => {
  const one = await stage.connect("one", { timeoutMs: 2000 });
  const other = await stage.connect("other", { timeoutMs: 2000 });
  await one.ask(create("/sessions"), create("/sessions/e", { flags: 1 }));
  const { sessionId, password } = one;
  await one.cut();
  await stage.connect("wrong password", { sessionId, password: new Uint8Array(16), timeoutMs: 2000 });
  await other.ask(exists("/sessions/e"));
  const two = await stage.connect("two", { sessionId, password, timeoutMs: 1000 });
  await two.ask(onPath(OpCode.getEphemerals, "/"), exists("/sessions/e", true));
  // The same session once more: the older connection goes.
  const three = await stage.connect("three", { sessionId, password, timeoutMs: 2000 });
  await stage.settle();
  await two.closed(1000);
  await three.ask(onPath(OpCode.getEphemerals, "/"), setData("/sessions/e", "x"));
  await other.ask(exists("/sessions/e", true), getChildren("/sessions", true));
  await three.ask(empty(OpCode.closeSession));
  await other.ask(exists("/sessions/e"));
  await stage.connect("too late", { sessionId, password, timeoutMs: 2000 });
  await other.ask(empty(OpCode.closeSession));
};

export const expired: Scenario = async (stage) => {
  const watcher = await stage.connect("watcher", { timeoutMs: 2000 });
  const gone = await stage.connect("gone", { timeoutMs: 200 });
  await watcher.ask(create("/expired"));
  await gone.ask(create("/expired/a", { flags: 1 }), create("/expired/s-", { flags: 3 }));
  await watcher.ask(exists("/expired/a", true), getChildren("/expired", true));
  await gone.closed(2000);
  for (let event = 0; event < 2; event++) await watcher.next(1000);
  await watcher.ask(exists("/expired/a"), getChildren("/expired"));
  await stage.connect("again", { sessionId: gone.sessionId, password: gone.password, timeoutMs: 200 });
  const cut = await stage.connect("cut", { timeoutMs: 200 });
  await cut.ask(create("/expired/b", { flags: 1 }));
  await watcher.ask(exists("/expired/b", true));
  await cut.cut();
  await watcher.next(1500);
  await watcher.ask(getChildren("/expired"), empty(OpCode.closeSession));
};

/** What follows a closeSession, or comes with it. */
export const closing: Scenario = async (stage) => {
  const one = await stage.connect("one", { timeoutMs: 2000 });
  await one.ask(create("/closing"), create("/closing/e", { flags: 1 }), exists("/closing/e", true));
  await one.ask(empty(OpCode.closeSession));
  const extra: RawRequest = { type: OpCode.closeSession, record: new Uint8Array(9) };
  const two = await stage.connect("two", { timeoutMs: 2000 });
  await two.ask(extra);
  const three = await stage.connect("three", { timeoutMs: 2000 });
  await three.askAs(-1, empty(OpCode.closeSession));
};
