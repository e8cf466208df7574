import { SeededRandom } from "@ordinal/kit";
import { describe, expect, test } from "vitest";

import type { Acl } from "../../packages/zookeeper/src/jute/data-records.ts";
import { writeAcl } from "../../packages/zookeeper/src/jute/data-records.ts";
import { JuteWriter } from "../../packages/zookeeper/src/jute/jute-writer.ts";
import { OpCode } from "../../packages/zookeeper/src/jute/op-code.ts";
import { digestId } from "../../packages/zookeeper/src/processing/digest-scheme.ts";
import { isOriginalInstalled, startOriginal } from "../../packages/zookeeper/src/testing/original.ts";
import { RequestTwin, type TwinRequest } from "./request-twin.ts";

const OPTIONS = { superDigest: digestId("super:secret"), extendedTypesEnabled: true };
const JVM_FLAGS = [
  "-Xmx256m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-Dzookeeper.extendedTypesEnabled=true",
  `-Dzookeeper.DigestAuthenticationProvider.superDigest=${OPTIONS.superDigest}`,
];

describe.skipIf(!isOriginalInstalled())("requests, decided as the original decides them", () => {
  test.each([1, 2, 3])("transactions, replies and events are the same: seed %i", async (seed) => {
    await compare(seed, { enforceQuota: false, burst: 12 });
  });

  // One by one: what a quota allows depends on what was applied when a request was prepared.
  test.each([4, 5, 6])("so they are with quotas enforced: seed %i", async (seed) => {
    await compare(seed, { enforceQuota: true, burst: 1 });
  });
});

async function compare(seed: number, { enforceQuota, burst }: { enforceQuota: boolean; burst: number }): Promise<void> {
  const jvmFlags = [...JVM_FLAGS, `-Dzookeeper.enforceQuota=${enforceQuota}`];
  await using original = await startOriginal({ jvmFlags });
  const server = original.server(0);
  const twin = new RequestTwin(server.clientPort, server.dataDir, { ...OPTIONS, enforceQuota });
  const random = new SeededRandom(seed);
  for (const passwords of [["bob:pw"], [], ["super:secret"], ["bob:pw", "al:x"]]) await twin.open(passwords);
  for (const request of setUp()) await twin.send(2, [request]);
  for (let at = 0; at < 400; at++) {
    const client = random.between(0, 3);
    const count = random.chance(0.3) ? random.between(1, burst) : 1;
    const requests = Array.from({ length: count }, () => anyRequest(random));
    // The original checks what follows a setACL by the list that was there before, until it is applied.
    const isComparable = ({ type }: TwinRequest): boolean => type !== OpCode.setACL || count === 1;
    await twin.send(client, requests.filter(isComparable));
  }
  expect(await twin.differences()).toEqual([]);
}

const OPEN: readonly Acl[] = [acl(31, "world", "anyone")];
const ACLS: ReadonlyArray<readonly Acl[] | null> = [
  OPEN,
  OPEN,
  OPEN,
  OPEN,
  OPEN,
  [acl(31, "auth", "")],
  [acl(1, "world", "anyone"), acl(31, "digest", digestId("bob:pw"))],
  [acl(3, "world", "anyone"), acl(3, "world", "anyone"), acl(28, "auth", "x"), acl(4, "ip", "127.0.0.0/8")],
  [acl(31, "ip", "10.0.0.1")],
  [acl(31, "ip", "::1/129")],
  [acl(31, "digest", "nocolon")],
  [acl(31, "nonsense", "x")],
  [acl(31, "world", "anybody")],
  [acl(16, "auth", ""), acl(1, "ip", "127.0.0.1/32")],
  [],
  null,
];
const PATHS = ["/a", "/b", "/a/x", "/a/y", "/b/x", "/a/x/1", "/q", "/q/1", "/q/2", "/a/", "/e", "/e/x"];
const ODD_PATHS = [
  "/",
  "",
  "x",
  "/a//x",
  "/a/../b",
  "/a/./b",
  "/é",
  "/a\u0001",
  "/a\0",
  "/zookeeper",
  "/zookeeper/quota",
  "/zookeeper/config",
  "/zookeeper/x",
  "/a/x/",
  "//",
  "/a/\ue000",
  "/..",
  "/a/...",
];

/**
 * By mode of addWatch. Nothing else watches them: to 3.8 a client's last way to watch a path is the only one, from 3.9 on a client
 * may watch in several.
 */
const WATCHED_LONG = ["/a", "/q"] as const;

function acl(perms: number, scheme: string, id: string): Acl {
  return { perms, id: { scheme, id } };
}

/** A quota of four nodes and sixty bytes on /q. */
function setUp(): TwinRequest[] {
  const limits = "count=2,bytes=20=;byteHardLimit=60;countHardLimit=4";
  const node = (path: string, data: string): TwinRequest => ({
    type: OpCode.create,
    record: written((to) => writeCreate(to, path, Buffer.from(data), OPEN, 0)),
  });
  return [
    node("/q", ""),
    node("/zookeeper/quota/q", ""),
    node("/zookeeper/quota/q/zookeeper_limits", limits),
    node("/zookeeper/quota/q/zookeeper_stats", "count=1,bytes=0"),
  ];
}

function anyRequest(random: SeededRandom): TwinRequest {
  const request = randomRequest(random);
  // A reconfig that cannot be read takes no transaction with 3.8, which leaves nothing to compare.
  if (random.chance(0.97) || request.type === OpCode.reconfig) return request;
  const cut = random.between(0, request.record.length);
  return { ...request, record: request.record.subarray(0, cut) };
}

function randomRequest(random: SeededRandom): TwinRequest {
  const path = (): string => (random.chance(0.06) ? random.pick(ODD_PATHS) : random.pick(PATHS));
  const watched = (): string => {
    const picked = path();
    return isWatchedLong(picked) ? "/b" : picked;
  };
  const paths = (): string[] => Array.from({ length: random.between(0, 3) }, watched);
  const watchable = (type: number): TwinRequest => ({
    type,
    record: written((to) => {
      const at = path();
      to.ustring(at);
      to.boolean(!isWatchedLong(at) && random.chance(0.5));
    }),
  });
  const roll = random.between(0, 99);
  if (roll < 45) return write(random, path);
  if (roll < 55) {
    return {
      type: OpCode.multi,
      record: written((to) => {
        for (let parts = random.between(0, 6); parts > 0; parts--) {
          const part = write(random, path, true);
          header(to, part.type, false);
          to.bytes(part.record);
        }
        header(to, -1, true);
      }),
    };
  }
  if (roll < 60) {
    return {
      type: OpCode.multiRead,
      record: written((to) => {
        for (let parts = random.between(0, 4); parts > 0; parts--) {
          const part = watchable(random.pick([OpCode.getData, OpCode.getChildren]));
          header(to, part.type, false);
          to.bytes(part.record);
        }
        header(to, -1, true);
      }),
    };
  }
  if (roll < 85) {
    return watchable(
      random.pick([
        OpCode.getData,
        OpCode.exists,
        OpCode.getChildren,
        OpCode.getChildren2,
        OpCode.getData,
        OpCode.exists,
      ]),
    );
  }
  const pathAndInt = (type: number, values: readonly number[]): TwinRequest => ({
    type,
    record: written((to) => {
      to.ustring(path());
      to.int32(random.pick(values));
    }),
  });
  const justPath = (type: number): TwinRequest => ({ type, record: written((to) => to.ustring(path() || "/")) });
  switch (random.pick([0, 1, 1, 2, 4, 5, 6, 7, 8, 9])) {
    case 0:
      return pathAndInt(OpCode.addWatch, [2]);
    case 1: {
      const mode = random.between(0, 1);
      return {
        type: OpCode.addWatch,
        record: written((to) => {
          to.ustring(WATCHED_LONG[mode] ?? "");
          to.int32(mode);
        }),
      };
    }
    case 2:
      // The other types mean something else in 3.8 than from 3.9 on, where they do not touch what addWatch set.
      return pathAndInt(OpCode.removeWatches, [3]);
    case 4:
      return justPath(OpCode.getACL);
    case 5:
      return justPath(OpCode.getAllChildrenNumber);
    case 6:
      return justPath(OpCode.getEphemerals);
    case 7:
      return { type: OpCode.whoAmI, record: new Uint8Array(0) };
    case 8: {
      const type = random.pick([OpCode.setWatches, OpCode.setWatches2]);
      const lists = type === OpCode.setWatches ? 3 : 5;
      const relative = random.between(0, 300);
      return {
        type,
        record: written((to) => {
          to.long(relative);
          for (let list = 0; list < 3; list++) to.vector(paths(), (into, each) => into.ustring(each));
          for (let list = 3; list < lists; list++)
            to.vector([WATCHED_LONG[list - 3] ?? ""], (into, each) => into.ustring(each));
        }),
      };
    }
    default:
      return { type: OpCode.reconfig, record: new Uint8Array(20) };
  }
}

function isWatchedLong(path: string): boolean {
  return WATCHED_LONG.some((each) => each === path);
}

function write(random: SeededRandom, path: () => string, inMulti = false): TwinRequest {
  const version = (): number => random.pick([-1, -1, -1, -1, 0, 1, 2]);
  const data = (): Uint8Array | null => (random.chance(0.1) ? null : random.bytes(random.between(0, 30)));
  switch (random.between(0, 9)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      const type = random.pick([OpCode.create, OpCode.create, OpCode.create2, OpCode.create2]);
      // A time to live that is not there makes the original forget to take back what the multi did before it.
      const flags = random.pick([0, 0, 0, 0, 1, 1, 2, 3, inMulti ? 0 : 5, 9]);
      return { type, record: written((to) => writeCreate(to, path(), data(), random.pick(ACLS), flags)) };
    }
    case 4: {
      if (random.chance(0.5)) {
        return {
          type: OpCode.createContainer,
          record: written((to) => writeCreate(to, path(), data(), random.pick(ACLS), 4)),
        };
      }
      const flags = random.pick([5, 5, 6, 0]);
      // Without the mode, -1 ends the original: it is not asked.
      const ttl = random.pick(flags === 0 ? [0, 1000] : [1000, 100_000, 0, -1, 2 ** 41]);
      return {
        type: OpCode.createTTL,
        record: written((to) => {
          writeCreate(to, path(), data(), random.pick(ACLS), flags);
          to.long(ttl);
        }),
      };
    }
    case 5:
    case 6:
      return { type: OpCode.delete, record: written((to) => pathVersion(to, path(), version())) };
    case 7:
    case 8:
      return {
        type: OpCode.setData,
        record: written((to) => {
          to.ustring(path());
          to.buffer(data());
          to.int32(version());
        }),
      };
    default:
      if (inMulti) return { type: OpCode.check, record: written((to) => pathVersion(to, path(), version())) };
      return {
        type: OpCode.setACL,
        record: written((to) => {
          to.ustring(path());
          to.vector(random.pick(ACLS), writeAcl);
          to.int32(version());
        }),
      };
  }
}

function writeCreate(
  to: JuteWriter,
  path: string,
  data: Uint8Array | null,
  list: readonly Acl[] | null,
  flags: number,
): void {
  to.ustring(path);
  to.buffer(data);
  to.vector(list, writeAcl);
  to.int32(flags);
}

function pathVersion(to: JuteWriter, path: string, version: number): void {
  to.ustring(path);
  to.int32(version);
}

function header(to: JuteWriter, type: number, done: boolean): void {
  to.int32(type);
  to.boolean(done);
  to.int32(-1);
}

function written(write: (to: JuteWriter) => void): Uint8Array {
  const writer = new JuteWriter();
  write(writer);
  return writer.written();
}
