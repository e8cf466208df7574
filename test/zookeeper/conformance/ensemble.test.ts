/**
 * The same requests through the leader and both followers of three original servers, of three of ours, and of mixed ensembles:
 * all that clients see must be the same.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeAll, describe, expect, test } from "vitest";

import { zkServerProgram } from "../../../packages/zookeeper/src/container-files.ts";
import { modeOf } from "../../../packages/zookeeper/src/ensemble/four-letter-word.ts";
import { OriginalServer, takeMemberAddresses } from "../../../packages/zookeeper/src/testing/original.ts";
import { partingOf, play, type Scenario } from "./compare.ts";
import { permissions } from "./scenarios/access.ts";
import * as ensembles from "./scenarios/ensembles.ts";
import { within } from "./scenarios/multis.ts";
import { counters, orderOfChecks } from "./scenarios/nodes.ts";
import { randomRun } from "./scenarios/random-requests.ts";
import { again, mixed, oneShot, ownChanges, unreadable } from "./scenarios/watches.ts";
import { JVM_FLAGS, mustHaveOriginal } from "./targets.ts";
import { Wakers } from "./wakers.ts";

const OURS: readonly [string, ...string[]] = [
  zkServerProgram[0] ?? "",
  join(import.meta.dirname, "../../../packages/zookeeper/src/cli/zk-server/server-entry.ts"),
];
const RANDOM_STEPS = 200;
const first = Number(process.env["ORDINAL_SEED"] ?? Math.floor(Math.random() * 1e9));

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...ensembles,
  counters,
  orderOfChecks,
  within,
  permissions,
  oneShot,
  ownChanges,
  mixed,
  again,
  unreadable,
  [`ORDINAL_SEED=${first}`]: randomRun(first, RANDOM_STEPS),
  [`ORDINAL_SEED=${first + 1}`]: randomRun(first + 1, RANDOM_STEPS),
};

type Transcripts = ReadonlyMap<string, readonly string[]>;

/** Plays everything to an ensemble whose members `ours` are ours, and ends it. */
async function playAll(
  ours: readonly number[],
): Promise<{ transcripts: Transcripts; leader: number; mismatches: number }> {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"));
  const { members, block } = await takeMemberAddresses(3);
  const servers = members.map(
    (self) =>
      new OriginalServer({
        self,
        members,
        directory: join(folder, `server-${self.sid}`),
        // The leader looks for empty containers by a timer of its own.
        jvmFlags: [...JVM_FLAGS, "-Dznode.container.checkIntervalMs=3600000"],
        ...(ours.includes(self.sid) ? { program: OURS } : {}),
      }),
  );
  try {
    for (const server of servers) server.start();
    await Promise.all(servers.map((server) => server.ready()));
    const modes = await Promise.all(servers.map(({ clientPort }) => modeOf(clientPort)));
    const leader = modes.indexOf("leader");
    const ports = servers.map(({ clientPort }) => clientPort);
    const target = { name: `an ensemble with ${ours.length} of ours`, ports: [...ports.splice(leader, 1), ...ports] };
    const transcripts = new Map<string, readonly string[]>();
    const theirs = servers.filter(({ sid }) => !ours.includes(sid)).map(({ clientPort }) => clientPort);
    const wakers = await Wakers.open(theirs);
    try {
      for (const [name, scenario] of Object.entries(SCENARIOS)) transcripts.set(name, await play(target, scenario));
    } finally {
      await wakers.close();
    }
    let mismatches = 0;
    for (const server of servers) {
      const mntr = (await server.fourLetterWord("mntr")) ?? "";
      mismatches += Number(/^zk_digest_mismatches_count\s+(\d+)/m.exec(mntr)?.[1] ?? Number.NaN);
    }
    return { transcripts, leader: leader + 1, mismatches };
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
    await block.release();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("an ensemble tells its clients what one of the original tells", () => {
  let original: Transcripts;
  beforeAll(async () => {
    mustHaveOriginal();
    ({ transcripts: original } = await playAll([]));
  });

  test.each([
    { name: "three of ours", ours: [1, 2, 3] },
    { name: "ours leads two of the original", ours: [3] },
    { name: "two of ours follow one of the original", ours: [1, 2] },
  ])("$name", async ({ ours }) => {
    const { transcripts, leader, mismatches } = await playAll(ours);
    const partings = [...original].flatMap(([name, theirs]) => {
      const parting = partingOf(theirs, transcripts.get(name) ?? []);
      return parting === undefined ? [] : [`${name}:\n${parting}`];
    });
    expect(partings.join("\n\n"), `server ${leader} led`).toBe("");
    expect(mismatches, "digests").toBe(0);
  });
});
