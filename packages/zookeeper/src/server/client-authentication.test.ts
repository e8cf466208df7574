import { describe, expect, test } from "vitest";

import { ErrorCode } from "../jute/error-code.ts";
import { OpCode } from "../jute/op-code.ts";
import { writeWatchableRequest } from "../jute/proto-records.ts";
import { DigestMd5Client } from "../processing/sasl-digest-md5.ts";
import type { RawClient, RawReply } from "./testing/raw-client.ts";
import { withService } from "./testing/service-fixture.ts";

const JAAS = `Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  user_bob="secret" user_super="above";
};
`;
const LINES = ["authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider", "superUser=super"];
const PROPERTIES = { properties: new Map([["java.security.auth.login.config", "/etc/jaas.conf"]]) };
const OPTIONS = { lines: LINES, files: { "/etc/jaas.conf": JAAS }, ...PROPERTIES };

async function token(client: RawClient, bytes: Uint8Array): Promise<RawReply> {
  client.request(1, OpCode.sasl, (to) => to.buffer(bytes));
  return client.reply();
}

async function logIn(client: RawClient, username: string, password: string): Promise<RawReply> {
  const mechanism = new DigestMd5Client({ username, password, cnonce: "a cnonce that is long enough to be one" });
  const challenge = (await token(client, new Uint8Array(0))).body.buffer();
  const step = mechanism.evaluate(challenge ?? new Uint8Array(0));
  if (step.kind !== "continue") throw new Error(`the challenge was not understood: ${step.kind}`);
  return token(client, step.token);
}

async function whoAmI(client: RawClient): Promise<string> {
  client.request(2, OpCode.whoAmI);
  const { body } = await client.reply();
  return body.vector((from) => `${from.ustring()}:${from.ustring()}`).join(" ");
}

describe("SASL", () => {
  test("who knows the password is that user, and super if the configuration says so", () =>
    withService(async ({ connect }) => {
      const bob = await connect();
      expect((await logIn(bob, "bob", "secret")).error).toBe(ErrorCode.ok);
      expect(await whoAmI(bob)).toBe("ip:10.0.0.9 sasl:bob");
      const above = await connect();
      await logIn(above, "super", "above");
      expect(await whoAmI(above)).toBe("ip:10.0.0.9 sasl:super super:");
    }, OPTIONS));

  test("a wrong password ends the connection", () =>
    withService(async ({ connect, logged }) => {
      const client = await connect();
      expect((await logIn(client, "bob", "guess")).error).toBe(ErrorCode.authFailed);
      await client.until(() => client.isClosed);
      expect(
        logged.some(({ message }) => message.includes("Closing client connection due to SASL authentication failure.")),
      ).toBe(true);
    }, OPTIONS));

  test("unless clients that fail may stay", () =>
    withService(
      async ({ connect }) => {
        const client = await connect();
        expect((await logIn(client, "bob", "guess")).error).toBe(ErrorCode.ok);
        expect(await whoAmI(client)).toBe("ip:10.0.0.9");
      },
      { ...OPTIONS, lines: [...LINES, "allowSaslFailedClients=true"] },
    ));

  test("without a login configuration a token is answered with nothing", () =>
    withService(async ({ connect }) => {
      const reply = await token(await connect(), new Uint8Array(0));
      expect([reply.error, reply.body.buffer()]).toEqual([ErrorCode.ok, null]);
    }));
});

describe("a server that demands SASL", () => {
  const demanding = { ...OPTIONS, lines: [...LINES, "sessionRequireClientSASLAuth=true"] };

  test("answers nobody else, and ends the connection", () =>
    withService(async ({ connect }) => {
      const client = await connect();
      client.request(1, OpCode.exists, (to) => writeWatchableRequest(to, { path: "/", watch: false }));
      expect(await client.reply()).toMatchObject({ xid: 1, error: ErrorCode.sessionClosedRequireSaslAuth });
      await client.until(() => client.isClosed);
    }, demanding));

  test("answers who came through it", () =>
    withService(async ({ connect }) => {
      const client = await connect();
      await logIn(client, "bob", "secret");
      client.request(1, OpCode.exists, (to) => writeWatchableRequest(to, { path: "/", watch: false }));
      expect(await client.reply()).toMatchObject({ xid: 1, error: ErrorCode.ok });
    }, demanding));

  test("does not start without the scheme", async () => {
    const lines = ["sessionRequireClientSASLAuth=true"];
    await expect(withService(async () => {}, { lines })).rejects.toThrow(
      "Authentication scheme sasl is not available.",
    );
  });
});

test("a login configuration without the server's section is none", () =>
  withService(
    async ({ connect }) => {
      const client = await connect();
      client.request(1, OpCode.exists, (to) => writeWatchableRequest(to, { path: "/", watch: false }));
      expect(await client.reply()).toMatchObject({ xid: 1, error: ErrorCode.ok });
    },
    { ...OPTIONS, files: { "/etc/jaas.conf": "Client { a.B required; };" } },
  ));

test("a server's section without a module that is known is refused with its name", async () => {
  const files = { "/etc/jaas.conf": "Server { a.B required; };" };
  await expect(withService(async () => {}, { ...OPTIONS, files })).rejects.toThrow(
    "The JAAS configuration section named 'Server' in '/etc/jaas.conf' has no DigestLoginModule; no other is supported.",
  );
});
