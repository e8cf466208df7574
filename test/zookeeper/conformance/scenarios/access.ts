import { OpCode } from "../../../../packages/zookeeper/src/jute/op-code.ts";
import { digestId } from "../../../../packages/zookeeper/src/processing/digest-scheme.ts";
import type { Scenario } from "../compare.ts";
import {
  acl,
  auth,
  create,
  empty,
  exists,
  getAcl,
  getChildren,
  getData,
  multi,
  onPath,
  OPEN,
  type RawRequest,
  reconfig,
  record,
  remove,
  sasl,
  setAcl,
  setData,
  sync,
} from "../requests.ts";

/** What the server of these scenarios is configured with. */
export const OPTIONS = {
  properties: {
    "zookeeper.DigestAuthenticationProvider.superDigest": digestId("super:secret"),
    "zookeeper.extendedTypesEnabled": "true",
  },
  lines: ["reconfigEnabled=true"],
};

/** Auth packets: what is told, and whether the connection lives on. */
export const packets: Scenario = async (stage) => {
  const oddities: readonly RawRequest[] = [
    auth("digest", "user:pw"),
    auth("digest", "user"),
    auth("digest", ""),
    auth("digest", null),
    auth("digest", ":"),
    auth("digest", "a:b:c"),
    auth("digest", "user:pw", 7),
    auth("ip", "10.0.0.1"),
    auth("ip", ""),
    auth("world", "anyone"),
    auth("sasl", "user"),
    auth("x509", "CN=x"),
    auth("auth", "x"),
    auth("super", "x"),
    auth("nonsense", "x"),
    auth("", "x"),
    auth(null, "x"),
    auth("digest", new Uint8Array([0xff, 0xfe, 0x3a, 0x80])),
    { type: OpCode.auth, record: new Uint8Array(0) },
    { type: OpCode.auth, record: new Uint8Array(6) },
    { type: OpCode.auth, record: record((to) => (to.int32(0), to.int32(1000))) },
    sasl(null),
    sasl(""),
    sasl("nonsense"),
    { type: OpCode.sasl, record: new Uint8Array(0) },
    { type: OpCode.sasl, record: new Uint8Array(2) },
  ];
  for (const [index, packet] of oddities.entries()) {
    const one = await stage.connect(`client ${index}`);
    await one.ask(packet);
    if (!one.isClosed) await one.ask(empty(OpCode.whoAmI));
    if (!one.isClosed) await one.ask(packet, exists("/"), empty(OpCode.whoAmI));
    if (!one.isClosed) await one.askAs(5, packet);
    if (!one.isClosed) await one.ask(empty(OpCode.closeSession));
    await stage.settle();
  }
};

/** Every permission against every operation. */
export const permissions: Scenario = async (stage) => {
  const owner = await stage.connect("owner");
  const other = await stage.connect("other");
  await owner.ask(auth("digest", "owner:pw"));
  await other.ask(auth("digest", "other:pw"));
  await owner.ask(create("/perms"));
  for (const perms of [0, 1, 2, 4, 8, 16, 31, 32, -1]) {
    const path = `/perms/${perms}`;
    await owner.ask(create(path, { acl: [acl(31, "auth", ""), acl(perms, "digest", digestId("other:pw"))] }));
    await owner.ask(create(`${path}/child`, { acl: [acl(31, "world", "anyone")] }));
    for (const client of [other, owner]) {
      await client.ask(getData(path), getChildren(path), getAcl(path), setData(path, "x"), sync(path));
      await client.ask(create(`${path}/new`), remove(`${path}/new`), onPath(OpCode.getAllChildrenNumber, path));
      await client.ask(setAcl(path, [acl(31, "auth", ""), acl(perms, "digest", digestId("other:pw"))]));
      await client.ask(multi([create(`${path}/new`), setData(path, "y"), remove(`${path}/new`)]));
      await client.ask(remove(`${path}/child`), getAcl(path), onPath(OpCode.getEphemerals, path));
    }
    await owner.ask(setAcl(path, OPEN), getAcl(path));
  }
};

const IDS: readonly (readonly [string, string])[] = [
  ["world", "anyone"],
  ["world", "x"],
  ["auth", ""],
  ["auth", "ignored"],
  ["digest", "a:b"],
  ["digest", "a"],
  ["digest", ""],
  ["digest", "a:b:c"],
  ["ip", "127.0.0.1"],
  ["ip", "127.0.0.0/8"],
  ["ip", "127.0.0.1/33"],
  ["ip", "127.0.0.1/-1"],
  ["ip", "127.0.0.1/0"],
  ["ip", "127.0.0.1/"],
  ["ip", "127.0.0.1/x"],
  ["ip", "127.0.0"],
  ["ip", "127.0.0.0.1"],
  ["ip", "256.0.0.1"],
  ["ip", "localhost"],
  ["ip", ""],
  ["sasl", "user"],
  ["sasl", ""],
  ["x509", "CN=x"],
  ["super", ""],
  ["nonsense", "x"],
  ["", ""],
];

/** What a list may hold, and what comes back. */
export const lists: Scenario = async (stage) => {
  const plain = await stage.connect("plain");
  const authed = await stage.connect("authed");
  await authed.ask(auth("digest", "me:pw"), auth("digest", "me:pw"));
  await authed.ask(create("/lists"), empty(OpCode.whoAmI));
  for (const client of [plain, authed]) {
    for (const [index, [scheme, id]] of IDS.entries()) {
      const path = `/lists/${client.name}-${index}`;
      await client.ask(create(path, { acl: [acl(31, scheme, id)] }), getAcl(path), getData(path));
      await client.ask(setAcl("/lists", [acl(31, "world", "anyone"), acl(3, scheme, id), acl(3, scheme, id)]));
      await plain.ask(getAcl("/lists"), getAcl(path), setData(path, "x"));
    }
    const twice = [
      acl(1, "world", "anyone"),
      acl(1, "world", "anyone"),
      acl(2, "world", "anyone"),
      acl(31, "auth", ""),
    ];
    await client.ask(create(`/lists/${client.name}-twice`, { acl: twice }), getAcl(`/lists/${client.name}-twice`));
  }
};

/** What is hidden of a list from whom. */
export const hiding: Scenario = async (stage) => {
  const admin = await stage.connect("admin");
  const reader = await stage.connect("reader");
  const boss = await stage.connect("boss");
  await admin.ask(auth("digest", "admin:pw"));
  await boss.ask(auth("digest", "super:secret"), empty(OpCode.whoAmI));
  const list = [acl(1, "world", "anyone"), acl(31, "auth", ""), acl(1, "digest", "x:y"), acl(3, "ip", "10.0.0.1")];
  await admin.ask(create("/hiding", { acl: list }), create("/hiding/sealed", { acl: [acl(0, "digest", "x:y")] }));
  for (const client of [admin, reader, boss]) {
    await client.ask(
      getAcl("/hiding"),
      getAcl("/hiding/sealed"),
      getData("/hiding/sealed"),
      getChildren("/hiding/sealed"),
    );
    await client.ask(
      setData("/hiding/sealed", client.name),
      create("/hiding/sealed/x", { acl: [acl(31, "auth", "")] }),
    );
    await client.ask(getAcl("/hiding/sealed/x"), setAcl("/hiding/sealed", [acl(31, "auth", "")]));
    await client.ask(getAcl("/hiding/sealed"), empty(OpCode.whoAmI), reconfig(null, "1", null));
    // The configuration and the quotas are nodes like others to a super user.
    await client.ask(setData("/zookeeper/quota", "x"), remove("/zookeeper/quota"), create("/zookeeper/x"));
    await client.ask(remove("/zookeeper/x"), getAcl("/zookeeper/config"), getAcl("/zookeeper/quota"));
  }
  await admin.ask(remove("/hiding/sealed/x"), remove("/hiding/sealed"), remove("/hiding"));
};
