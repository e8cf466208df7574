import { describe, expect, test } from "vitest";

import type { Acl, Id } from "../jute/data-records.ts";
import { Permission } from "../jute/op-code.ts";
import { AccessControl } from "./access-control.ts";
import { digestId } from "./digest-scheme.ts";
import { isDistinguishedName } from "./x509-scheme.ts";

const acl = (perms: number, scheme: string, id: string): Acl => ({ perms, id: { scheme, id } });
const id = (scheme: string, name: string): Id => ({ scheme, id: name });
const ANY = acl(Permission.all, "world", "anyone");
const CONNECTION = { remoteAddress: "127.0.0.1" };
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("who may do what", () => {
  const access = new AccessControl({ x509: {}, sasl: { letAnySaslUserDoX: "everybody" } });

  test("one of the permissions is enough, given by one entry to one of the caller's ids", () => {
    const list = [acl(Permission.read, "world", "anyone"), acl(Permission.write, "ip", "10.0.0.0/8")];
    expect(access.allows(list, Permission.read, [])).toBe(true);
    expect(access.allows(list, Permission.write, [])).toBe(false);
    expect(access.allows(list, Permission.read | Permission.admin, [])).toBe(true);
    expect(access.allows(list, Permission.write, [id("digest", "x:y"), id("ip", "10.9.8.7")])).toBe(true);
    expect(access.allows(list, Permission.admin, [id("ip", "10.9.8.7")])).toBe(false);
  });

  test("no list lets everybody, super may do all, an unknown scheme lets nobody", () => {
    for (const list of [null, undefined, []]) expect(access.allows(list, Permission.write, [])).toBe(true);
    const closed = [acl(Permission.all, "nobody-knows", "x")];
    expect(access.allows(closed, Permission.read, [id("nobody-knows", "x")])).toBe(false);
    expect(access.allows(closed, Permission.read, [id("super", "")])).toBe(true);
  });

  test("a scheme matches only ids of its own", () => {
    expect(access.allows([acl(1, "digest", "10.0.0.1")], 1, [id("ip", "10.0.0.1")])).toBe(false);
    expect(access.allows([acl(1, "sasl", "bob")], 1, [id("sasl", "super")])).toBe(true);
    expect(access.allows([acl(1, "sasl", "everybody")], 1, [id("sasl", "al")])).toBe(true);
    expect(access.allows([acl(1, "sasl", "bob")], 1, [id("sasl", "al")])).toBe(false);
    expect(access.allows([acl(1, "x509", "CN=a")], 1, [id("x509", "CN=a")])).toBe(true);
  });

  test.each([
    ["10.0.0.0/8", "10.1.2.3", true],
    ["10.0.0.0/8", "11.1.2.3", false],
    ["10.1.2.128/25", "10.1.2.200", true],
    ["10.1.2.128/25", "10.1.2.100", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.3", "10.1.2.4", false],
    ["0.0.0.0/0", "9.9.9.9", true],
    ["10.1.2.3/33", "10.1.2.3", false],
    ["fe80::/16", "fe80:0:0:0:0:0:0:9", true],
    ["fe80::1:0/112", "fe80::2:9", false],
    ["::1", "0:0:0:0:0:0:0:1", true],
    ["::/0", "10.1.2.3", false],
    ["localhost", "127.0.0.1", false],
  ])("the network %s and the address %s: %s", (network, address, expected) => {
    expect(access.allows([acl(1, "ip", network)], 1, [id("ip", address)])).toBe(expected);
  });
});

describe("the list of a request", () => {
  const access = new AccessControl({ x509: {}, sasl: {} });
  const bob = id("digest", digestId("bob:pw"));

  test("must be there and name what its schemes know", () => {
    const wrong = [
      null,
      [],
      [acl(1, "world", "everyone")],
      [acl(1, "digest", "nocolon")],
      [acl(1, "digest", "a:b:c")],
      [acl(1, "digest", "a:")],
      [acl(1, "ip", "10.0.0")],
      [acl(1, "ip", "10.0.0.256")],
      [acl(1, "ip", "1.2.3.4/40")],
      [acl(1, "ip", "1::2::3")],
      [acl(1, "x509", "no name")],
      [acl(1, "sasl", "a@b@c")],
      [acl(1, "", "")],
      [acl(1, "super", "")],
      [ANY, acl(1, "nobody-knows", "x")],
    ];
    for (const list of wrong) expect([list, access.fixup(list, [bob])]).toEqual([list, undefined]);
    const right = [
      acl(1, "digest", "a:b"),
      acl(1, "digest", ":b"),
      acl(1, "ip", "1:2:3:4:5:6:7:8/128"),
      acl(1, "ip", "::"),
      acl(1, "x509", "CN=a,O=b"),
      acl(1, "sasl", "a/h@R"),
    ];
    expect(access.fixup(right, [])).toEqual(right);
  });

  test("entries that stand there twice are taken once, and `auth` is every id that proves something", () => {
    const list = [ANY, ANY, acl(1, "world", "anyone"), acl(3, "auth", "whatever"), acl(3, "auth", "whatever")];
    const caller = [id("ip", "127.0.0.1"), bob, id("sasl", "al"), id("gone", "x")];
    expect(access.fixup(list, caller)).toEqual([
      ANY,
      acl(1, "world", "anyone"),
      { perms: 3, id: bob },
      acl(3, "sasl", "al"),
    ]);
    expect(access.fixup([acl(3, "auth", "")], [id("ip", "127.0.0.1")])).toBeUndefined();
  });

  test("cannot be made to grow without end", () => {
    const many = Array.from({ length: 1000 }, (_unused, perms) => acl(perms, "auth", ""));
    const ids = Array.from({ length: 100 }, (_unused, at) => id("digest", `u${at}:x`));
    expect(access.fixup(many, ids)).toBeUndefined();
  });
});

describe("auth packets", () => {
  test("digest: the user and the hash of user and password, as the original makes it", () => {
    const access = new AccessControl({ digest: { superDigest: digestId("super:secret") } });
    const give = (auth: string): unknown => access.authenticate("digest", utf8(auth), CONNECTION);
    expect(give("bob:pw")).toEqual([id("digest", "bob:ikIaKsbtGweaHnb/jKn7OHqbunM=")]);
    expect(give("super:secret")).toEqual([id("super", ""), id("digest", digestId("super:secret"))]);
    expect(give("super:guess")).toEqual([id("digest", digestId("super:guess"))]);
    expect(give("nocolon")).toEqual([id("digest", digestId("nocolon"))]);
    expect(digestId("a:b:c").split(":")[0]).toBe("a");
    expect(digestId("bob:pw", "SHA-256")).not.toBe(digestId("bob:pw"));
  });

  test("ip, x509 and what is not there", () => {
    const access = new AccessControl({ x509: { superUser: "CN=root" } });
    expect(access.authenticate("ip", null, CONNECTION)).toEqual([id("ip", "127.0.0.1")]);
    const subject = (name: string): unknown =>
      access.authenticate("x509", null, { ...CONNECTION, certificateSubject: name });
    expect(subject("CN=al")).toEqual([id("x509", "CN=al")]);
    expect(subject("CN=root")).toEqual([id("super", "CN=root"), id("x509", "CN=root")]);
    expect(access.authenticate("x509", null, CONNECTION)).toBeUndefined();
    expect(access.authenticate("sasl", null, CONNECTION)).toBeUndefined();
    expect(access.authenticate("world", null, CONNECTION)).toBeUndefined();
    expect(new AccessControl({ digest: false }).authenticate("digest", utf8("a:b"), CONNECTION)).toBeUndefined();
    expect(new AccessControl({ sasl: {} }).authenticate("sasl", utf8("bob"), CONNECTION)).toBeUndefined();
  });
});

test.each([
  ["CN=a", true],
  ["CN=a,OU=b+O=c", true],
  ['CN="a,b",1.2.3=x', true],
  ["CN=a\\,b", true],
  ["cn=a; o=b", true],
  ["", true],
  ["a", false],
  ["XX=a", false],
  ['CN="a', false],
  ["CN=a\\", false],
  ["CN=a,", false],
])("%s is a distinguished name: %s", (name, expected) => {
  expect(isDistinguishedName(name)).toBe(expected);
});
