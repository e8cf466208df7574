import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ConfigError } from "../config/config-error.ts";
import { digestLogin, digestUsers, parseJaas } from "./jaas.ts";
import { DigestMd5Client, DigestMd5Server, type SaslStep } from "./sasl-digest-md5.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (step: SaslStep): string => (step.kind === "failed" ? step.reason : new TextDecoder().decode(step.token));
const USERS = new Map([
  ["bob", "bobsecret"],
  ["super", "adminsecret"],
  ["ümit", "grüße"],
  ["日本", "パスワード"],
  ['q"\\', "x"],
]);

function exchange(
  username: string,
  password: string,
  { nonce = "n", cnonce = "c", superPassword }: { nonce?: string; cnonce?: string; superPassword?: string } = {},
): SaslStep[] {
  const server = new DigestMd5Server({ users: USERS, superPassword, nonce });
  const client = new DigestMd5Client({ username, password, cnonce });
  const steps = [server.evaluate(new Uint8Array(0))];
  for (const party of [client, server, client]) {
    const last = steps.at(-1);
    if (last === undefined || last.kind === "failed") break;
    steps.push(party.evaluate(last.token));
  }
  return steps;
}

describe("DIGEST-MD5", () => {
  // Recorded from the JDK's two halves.
  test.each([
    {
      user: "bob",
      nonce: "ch3/sLLv3Gq2IAV47kTcK+0GVn6xk6jDwvl706TB",
      cnonce: "CygRmUFCBDH7mRU3cCI+HgpGste4mb5wJePLhxb8",
      response: "0f22cf660246c1363581f65fcc0e0975",
      proof: "e373b9fe83dd18720e84c4645d2e2b04",
    },
    {
      user: "ümit",
      nonce: "DVm1Hw/K/dwGt5l82Q2IplePaehpA+aneHmLjidI",
      cnonce: "nGu2RSKlirXwnJ7uxkWzU5rXIpK/gECDi7iuX4T3",
      response: "18ceec1958e0486ab68db6a780dce143",
      proof: "39c4ea03063578350f23c6f9b5bcab71",
    },
    {
      user: "日本",
      nonce: "He/uvE+n6r62/4yq6sOoWVHUU+EZhUl9I+qWEFei",
      cnonce: "mWwXDdxXGH9SuM0zvUAkR60kDgHEtkEzKLEqBt1f",
      response: "0fdb3f57175a299780e3388a21acb198",
      proof: "e0daf76eda8ae90b0894c67260b4e44c",
    },
    {
      user: 'q"\\',
      nonce: "HnNYUJTK3x6mgYcU1JI8k0hCr7yoQBVY2MhIsQfL",
      cnonce: "kH3aypBhrQXXeygYTCcHs75FbsF9fw/jFSDW3v8W",
      response: "100da7d5bad80538a31886f586288067",
      proof: "c616ae50352e20a6a4441434d2cc689c",
    },
  ])("says what Java says: user $user", ({ user, nonce, cnonce, response, proof }) => {
    const name = user.replaceAll(/["\\]/g, String.raw`\$&`);
    expect(exchange(user, USERS.get(user) ?? "", { nonce, cnonce }).map(text)).toEqual([
      `realm="zk-sasl-md5",nonce="${nonce}",charset=utf-8,algorithm=md5-sess`,
      `charset=utf-8,username="${name}",realm="zk-sasl-md5",nonce="${nonce}",nc=00000001,cnonce="${cnonce}",` +
        `digest-uri="zookeeper/zk-sasl-md5",maxbuf=65536,response=${response},qop=auth,authzid="${name}"`,
      `rspauth=${proof}`,
      "",
    ]);
  });

  test.each([...USERS])("user %s", (user, password) => {
    expect(exchange(user, password).at(-1)).toMatchObject({ kind: "done", user });
    expect(exchange(user, `${password}!`).at(-1)).toMatchObject({ kind: "failed" });
  });

  test("an unknown user, and super by the property's password alone where there is one", () => {
    expect(exchange("eve", "x").at(-1)).toMatchObject({ kind: "failed", reason: 'no password is known for "eve"' });
    expect(exchange("super", "adminsecret", { superPassword: "other" }).at(-1)).toMatchObject({ kind: "failed" });
    expect(exchange("super", "other", { superPassword: "other" }).at(-1)).toMatchObject({
      kind: "done",
      user: "super",
    });
  });

  test("the client asks the server for a proof that it knows the password", () => {
    const client = new DigestMd5Client({ username: "bob", password: "bobsecret", cnonce: "c" });
    client.evaluate(utf8('realm="zk-sasl-md5",nonce="n",charset=utf-8,algorithm=md5-sess'));
    expect(client.evaluate(utf8("rspauth=00000000000000000000000000000000"))).toMatchObject({ kind: "failed" });
  });

  test("refuses replays, other nonces, other addresses, and a token before its challenge", () => {
    const parts = { users: USERS, nonce: "one" };
    expect(new DigestMd5Server(parts).evaluate(utf8("x"))).toMatchObject({ kind: "failed" });
    const server = new DigestMd5Server(parts);
    const challenge = server.evaluate(new Uint8Array(0));
    const client = new DigestMd5Client({ username: "bob", password: "bobsecret", cnonce: "c" });
    const response = text(client.evaluate(utf8(text(challenge))));
    const other = (change: (response: string) => string, nonce = "one"): SaslStep => {
      const fresh = new DigestMd5Server({ users: USERS, nonce });
      fresh.evaluate(new Uint8Array(0));
      return fresh.evaluate(utf8(change(response)));
    };
    expect(other((same) => same).kind).toBe("done");
    expect(other((same) => same, "two")).toMatchObject({ reason: "nonce from response does not match" });
    const changes: ReadonlyArray<readonly [string, string]> = [
      ["nc=00000001", "nc=00000002"],
      ["zookeeper/zk", "elsewhere/zk"],
      ["qop=auth", "qop=auth-conf"],
      ['authzid="bob"', 'authzid="super"'],
      ["charset=utf-8,", 'username="eve",'],
    ];
    for (const [from, to] of changes) expect(other((same) => same.replace(from, to)).kind).toBe("failed");
    expect(server.evaluate(utf8(response)).kind).toBe("done");
    expect(server.evaluate(utf8(response)).kind).toBe("failed");
  });

  test("any bytes are a verdict", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string().map(utf8)), (bytes) => {
        const server = new DigestMd5Server({ users: USERS, nonce: "n" });
        server.evaluate(new Uint8Array(0));
        expect(server.evaluate(bytes).kind).toBe("failed");
      }),
    );
    const server = new DigestMd5Server({ users: USERS, nonce: "n" });
    server.evaluate(new Uint8Array(0));
    expect(server.evaluate(utf8(`${"a=b,".repeat(100_000)}`)).kind).toBe("failed");
  });
});

describe("login configuration files", () => {
  const FILE = `
    // The server's users
    Server {
      org.apache.zookeeper.server.auth.DigestLoginModule required
        user_super="adminsecret"   /* not so secret */
        user_bob="b\\"ob;=}"
        user_al = plain;
    };
    Client { # for zkCli
      org.apache.zookeeper.server.auth.DigestLoginModule REQUIRED username="bob" password="x";
      com.sun.security.auth.module.Krb5LoginModule optional useKeyTab=true;
    };
    Empty { };
  `;

  test("say users and passwords by section", () => {
    const sections = parseJaas(FILE);
    expect([...sections.keys()]).toEqual(["Server", "Client", "Empty"]);
    expect([...(digestUsers(sections, "Server") ?? [])]).toEqual([
      ["super", "adminsecret"],
      ["bob", 'b"ob;=}'],
      ["al", "plain"],
    ]);
    expect(digestLogin(sections, "Client")).toEqual({ username: "bob", password: "x" });
    expect(digestLogin(sections, "Server")).toBeUndefined();
    expect(digestUsers(sections, "Empty")).toBeUndefined();
    expect(digestUsers(sections, "None")).toBeUndefined();
  });

  test.each([
    ["Server", "line 1: { is missing before the end"],
    ["Server {\n a.B sometimes; };", "line 2: sometimes is no control flag"],
    ["Server { a.B required user_x; };", "line 1: = is missing before ;"],
    ["Server { a.B required x=\n; };", "line 2: the value of x is missing"],
    ["Server { a.B required };", "line 1: an option or ; is missing"],
    ["Server { a.B required; }", "line 1: a section ends with };"],
    ["A { a.B required; }; A { };", "line 1: the section A is there twice"],
    ['A { a.B required x="y; };', "line 1: a quote is not closed"],
  ])("%s: %s", (file, problem) => {
    expect(() => parseJaas(file)).toThrow(new ConfigError(problem));
  });

  test("any text is a file or a ConfigError", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100, unit: fc.constantFrom(...'{};="\\/*# \nab') }), (file) => {
        try {
          parseJaas(file);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
