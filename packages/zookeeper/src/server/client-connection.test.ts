import { describe, expect, test } from "vitest";

import { readStat } from "../jute/data-records.ts";
import { ErrorCode } from "../jute/error-code.ts";
import type { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode } from "../jute/op-code.ts";
import {
  EventType,
  readWatcherEvent,
  writeAuthPacket,
  writeCreateRequest,
  writeSetDataRequest,
  writeWatchableRequest,
} from "../jute/proto-records.ts";
import { mustBeZxid } from "../jute/zxid.ts";
import { sessionPassword } from "../session/session-password.ts";
import { AUTH_BYTES_MAX, AUTH_IDS_MAX } from "./limits.ts";
import { type RawClient, type RawReply, requestBytes } from "./testing/raw-client.ts";
import { withService } from "./testing/service-fixture.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const OPEN_ACL = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];

const create =
  (path: string, data = "", flags = 0) =>
  (to: JuteWriter): void =>
    writeCreateRequest(to, { path, data: bytes(data), acl: OPEN_ACL, flags, ttl: undefined });
const watchable =
  (path: string, watch = false) =>
  (to: JuteWriter): void =>
    writeWatchableRequest(to, { path, watch });
const setData =
  (path: string, data: string) =>
  (to: JuteWriter): void =>
    writeSetDataRequest(to, { path, data: bytes(data), version: -1 });

async function replies(client: RawClient, count: number): Promise<RawReply[]> {
  const all: RawReply[] = [];
  while (all.length < count) all.push(await client.reply());
  return all;
}

const textOf = (reply: RawReply): string => new TextDecoder().decode(reply.body.buffer() ?? new Uint8Array(0));

describe("the handshake", () => {
  test.each([
    [10_000, 10_000],
    [1, 4000],
    [1_000_000, 40_000],
    [-5, 4000],
  ])("a timeout of %i ms becomes %i", (asked, negotiated) =>
    withService(async ({ open }) => {
      const client = await open();
      const response = await client.handshake({ timeoutMs: asked });
      expect(response).toMatchObject({ protocolVersion: 0, timeoutMs: negotiated, readOnly: false });
      expect(response.sessionId).not.toBe(0n);
      expect(response.password).toEqual(sessionPassword(response.sessionId));
    }),
  );

  test("a client that sends no readOnly byte gets none", () =>
    withService(async ({ open }) => {
      const client = await open();
      const response = await client.handshake({ readOnly: undefined });
      expect(response.readOnly).toBeUndefined();
      expect(response.sessionId).not.toBe(0n);
    }));

  test("a client that has seen more than this server is sent away without a word", () =>
    withService(async ({ open, logged }) => {
      const client = await open();
      await expect(client.handshake({ lastZxidSeen: mustBeZxid(0x1_0000_0001) })).rejects.toThrow("closed");
      expect(logged.find(({ event }) => event === "session-refused")?.message).toMatch(
        /^Refusing session\(0x0\) request for client \/10\.0\.0\.9:\d+ as it has seen zxid 0x100000001 our last zxid is 0x0 client must try another server$/,
      );
    }));

  test("a session comes back on another connection, and the old one ends", () =>
    withService(async ({ open }) => {
      const first = await open();
      const { sessionId, password } = await first.handshake();
      const second = await open();
      expect(await second.handshake({ sessionId, password })).toMatchObject({ sessionId, password });
      await first.until(() => first.isClosed);
      second.request(1, OpCode.exists, watchable("/"));
      expect(await second.reply()).toMatchObject({ xid: 1, error: 0 });
    }));

  test("a wrong password gets the answer of an expired session, and harms nobody", () =>
    withService(async ({ open }) => {
      const owner = await open();
      const { sessionId } = await owner.handshake();
      const thief = await open();
      const response = await thief.handshake({ sessionId, password: new Uint8Array(16).fill(1) });
      expect(response).toMatchObject({ sessionId: 0n, timeoutMs: 0, password: new Uint8Array(16) });
      await thief.until(() => thief.isClosed);
      owner.request(1, OpCode.exists, watchable("/"));
      expect(await owner.reply()).toMatchObject({ xid: 1, error: 0 });
    }));

  test("a session that is gone gets the answer of an expired session", () =>
    withService(async ({ open }) => {
      const client = await open();
      const response = await client.handshake({ sessionId: 77n, password: sessionPassword(77n) });
      expect(response).toMatchObject({ sessionId: 0n, timeoutMs: 0 });
      await client.until(() => client.isClosed);
    }));

  test("a server in read-only mode takes only clients that say they can do with it", () =>
    withService(async ({ open, replica }) => {
      replica.role = "read-only";
      await expect((await open()).handshake({ readOnly: false })).rejects.toThrow("closed");
      expect(await (await open()).handshake({ readOnly: true })).toMatchObject({ readOnly: true });
    }));

  test("a server in read-only mode sends a session of the ensemble on to others", () =>
    withService(async ({ open, replica }) => {
      const { sessionId, password } = await (await open()).handshake({ readOnly: true });
      replica.role = "read-only";
      await expect((await open()).handshake({ sessionId, password, readOnly: true })).rejects.toThrow("closed");
    }));

  test("what was sent behind the handshake is answered behind it", () =>
    withService(async ({ open, replica, pass }) => {
      replica.held = true;
      const client = await open();
      const response = client.handshake();
      client.request(1, OpCode.create, create("/a"));
      await pass(100);
      expect(replica.submitted.map(({ type }) => type)).toEqual([OpCode.createSession]);
      replica.held = false;
      replica.commitAll();
      await response;
      expect(await client.reply()).toMatchObject({ xid: 1, error: 0 });
    }));
});

describe("the order of a connection", () => {
  test("several writes are under way, and reads see exactly the writes before them", () =>
    withService(async ({ connect, replica, pass }) => {
      const client = await connect();
      client.request(1, OpCode.create, create("/a", "one"));
      await client.reply();
      replica.held = true;
      client.connection.send(
        Buffer.concat([
          requestBytes(2, OpCode.getData, watchable("/a")),
          requestBytes(3, OpCode.setData, setData("/a", "two")),
          requestBytes(4, OpCode.getData, watchable("/a")),
          requestBytes(5, OpCode.setData, setData("/a", "three")),
          requestBytes(6, OpCode.getData, watchable("/a")),
          requestBytes(-2, OpCode.ping),
        ]),
      );
      await pass(100);
      expect(replica.submitted.map(({ cxid }) => cxid)).toEqual([3, 5]);
      expect(client.frames).toHaveLength(1);
      replica.commitAll();
      const all = await replies(client, 6);
      expect(all.map(({ xid }) => xid)).toEqual([2, 3, 4, 5, 6, -2]);
      const [before, , between, , after] = all;
      expect([before, between, after].map((reply) => (reply === undefined ? "" : textOf(reply)))).toEqual([
        "one",
        "two",
        "three",
      ]);
    }));

  test("a request that is refused at once waits for its turn", () =>
    withService(async ({ connect, replica, pass, service }) => {
      const client = await connect();
      replica.held = true;
      client.request(1, OpCode.create, create("/a"));
      client.request(2, OpCode.create, create("/b"));
      await pass(100);
      const [, second] = replica.submitted;
      if (second === undefined) throw new Error("it was not submitted");
      service.refuse(second, ErrorCode.sessionExpired);
      await pass(100);
      expect(client.frames).toHaveLength(0);
      replica.submitted.pop();
      replica.commitAll();
      expect((await replies(client, 2)).map(({ xid, error }) => [xid, error])).toEqual([
        [1, ErrorCode.ok],
        [2, ErrorCode.sessionExpired],
      ]);
    }));

  test("a transaction that the session sent through another server answers nothing here", () =>
    withService(async ({ open, replica, pass }) => {
      const client = await open();
      const { sessionId } = await client.handshake();
      replica.held = true;
      client.request(5, OpCode.create, create("/a"));
      await pass(100);
      replica.commitElsewhere(sessionId, 9);
      await pass(100);
      expect(client.frames).toHaveLength(0);
      replica.commitAll();
      expect(await client.reply()).toMatchObject({ xid: 5, error: ErrorCode.ok });
    }));

  test("a session that has moved ends its old connection without an answer", () =>
    withService(async ({ open, replica }) => {
      const client = await open();
      const { sessionId } = await client.handshake();
      replica.sessions.setOwner(sessionId, "another server");
      client.request(1, OpCode.create, create("/a"));
      await client.until(() => client.isClosed);
      expect(client.frames).toHaveLength(0);
    }));

  test("the end of a session is answered, then the connection ends", () =>
    withService(async ({ connect, service }) => {
      const client = await connect();
      client.request(1, OpCode.create, create("/e", "", 1));
      client.request(2, OpCode.closeSession);
      expect(await replies(client, 2)).toMatchObject([{ xid: 1 }, { xid: 2, error: 0 }]);
      await client.until(() => client.isClosed);
      expect(service.database.tree.node("/e")).toBeUndefined();
      expect(service.connectionCount).toBe(0);
    }));

  test("a session that the ensemble ends loses its connection", () =>
    withService(async ({ open, replica }) => {
      const client = await open();
      const { sessionId } = await client.handshake();
      replica.expire(sessionId);
      await client.until(() => client.isClosed);
    }));

  test("a type that no client may ask gets Unimplemented, then the connection ends", () =>
    withService(async ({ connect }) => {
      for (const type of [0, OpCode.createSession, OpCode.deleteContainer, OpCode.error, 99]) {
        const client = await connect();
        client.request(1, type);
        expect(await client.reply()).toMatchObject({ xid: 1, error: ErrorCode.unimplemented });
        await client.until(() => client.isClosed);
      }
    }));
});

describe("watches", () => {
  test("an event comes before the reply that shows the change, with the zxid of the change", () =>
    withService(async ({ connect }) => {
      const client = await connect();
      client.request(1, OpCode.create, create("/a"));
      client.request(2, OpCode.getData, watchable("/a", true));
      client.request(3, OpCode.setData, setData("/a", "x"));
      const [, , event, reply] = await replies(client, 4);
      expect(event).toMatchObject({ xid: -1, error: 0 });
      expect(event?.body && readWatcherEvent(event.body)).toEqual({
        type: EventType.nodeDataChanged,
        state: 3,
        path: "/a",
      });
      expect(reply).toMatchObject({ xid: 3 });
      expect(event?.zxid).toBe(reply?.body && readStat(reply.body).mzxid);
    }));

  test("who may not read a node is not told of it", () =>
    withService(async ({ connect }) => {
      const [owner, other] = [await connect(), await connect()];
      const acl = [{ perms: 31, id: { scheme: "digest", id: "u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=" } }];
      other.request(1, OpCode.exists, watchable("/secret", true));
      await other.reply();
      owner.request(1, OpCode.create, (to) =>
        writeCreateRequest(to, { path: "/secret", data: null, acl, flags: 0, ttl: undefined }),
      );
      expect(await owner.reply()).toMatchObject({ error: 0 });
      other.request(2, OpCode.exists, watchable("/"));
      expect(await other.reply()).toMatchObject({ xid: 2 });
    }));

  test("they go with their connection", () =>
    withService(async ({ connect, service, pass }) => {
      const client = await connect();
      client.request(1, OpCode.exists, watchable("/a", true));
      await client.reply();
      expect(service.database.tree.watches.size).toBe(1);
      client.connection.destroy();
      await pass(100);
      expect(service.database.tree.watches.size).toBe(0);
    }));
});

test("who comes back while a write is under way reads nothing before it is decided", () =>
  withService(async ({ open, replica, pass }) => {
    const first = await open();
    const { sessionId, password } = await first.handshake();
    replica.held = true;
    first.request(1, OpCode.create, create("/a"));
    await pass(20);
    first.connection.destroy();
    await pass(20);
    const second = await open();
    const handshake = second.handshake({ sessionId, password });
    await pass(20);
    expect(second.frames).toEqual([]);
    replica.commitAll();
    expect((await handshake).sessionId).toBe(sessionId);
    second.request(2, OpCode.exists, watchable("/a"));
    expect((await second.reply()).error).toBe(ErrorCode.ok);
  }));

describe("authentication", () => {
  test("an id of the digest scheme opens what it owns; a scheme that is not there ends the connection", () =>
    withService(async ({ connect }) => {
      const client = await connect();
      const auth = (scheme: string) => (to: JuteWriter) => writeAuthPacket(to, { type: 0, scheme, auth: bytes("u:p") });
      client.request(-4, OpCode.auth, auth("digest"));
      expect(await client.reply()).toMatchObject({ xid: -4, error: 0 });
      client.request(-4, OpCode.auth, auth("nonsense"));
      expect(await client.reply()).toMatchObject({ xid: -4, error: ErrorCode.authFailed });
      await client.until(() => client.isClosed);
    }));

  test("nobody is more than so many, nor one with a name that no leader takes", () =>
    withService(async ({ connect }) => {
      const auth = (user: string) => (to: JuteWriter) =>
        writeAuthPacket(to, { type: 0, scheme: "digest", auth: bytes(`${user}:p`) });
      const many = await connect();
      // The address is one of them; saying one again costs nothing.
      for (const user of [...Array.from({ length: AUTH_IDS_MAX - 1 }, (_unused, at) => `u${at}`), "u0"]) {
        many.request(-4, OpCode.auth, auth(user));
        expect((await many.reply()).error).toBe(ErrorCode.ok);
      }
      many.request(-4, OpCode.auth, auth("one-more"));
      expect((await many.reply()).error).toBe(ErrorCode.authFailed);
      await many.until(() => many.isClosed);
      const long = await connect();
      long.request(-4, OpCode.auth, auth("u".repeat(AUTH_BYTES_MAX)));
      expect((await long.reply()).error).toBe(ErrorCode.authFailed);
      await long.until(() => long.isClosed);
    }));
});
