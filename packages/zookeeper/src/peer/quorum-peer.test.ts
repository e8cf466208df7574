import { beforeEach, describe, expect, it } from "vitest";

import { PeerLab, type PeerLabOptions } from "./testing/peer-lab.ts";

let seed = 0;
beforeEach(() => {
  seed++;
});

/** An ensemble that serves. */
async function running(options: PeerLabOptions): Promise<PeerLab> {
  const lab = new PeerLab(seed, options);
  await lab.start(...Array.from({ length: options.size }, (_, at) => at + 1));
  await lab.until(() => lab.isWhole);
  return lab;
}

describe("an ensemble", () => {
  it("serves within half a second of its start, and has another leader within 250 ms of the last one's death", async () => {
    const lab = new PeerLab(seed, { size: 3 });
    await lab.start(1, 2, 3);
    expect(await lab.until(() => lab.isWhole)).toBeLessThan(500);
    await lab.get(lab.client().create("/a"));
    for (let round = 0; round < 3; round++) {
      const leader = lab.leader ?? 0;
      await lab.world.run(1500); // connections that just began are not called again at once
      lab.kill(leader);
      expect(await lab.until(() => lab.leader !== undefined)).toBeLessThan(250);
      await lab.get(lab.client().create(`/after-${round}`));
      await lab.start(leader);
      await lab.until(() => lab.isWhole);
    }
    await lab.until(() => lab.isAgreed);
    expect(await lab.get(lab.client().getChildren("/"))).toHaveLength(5);
  });

  it("keeps what was acknowledged when all servers lose power at once", async () => {
    const lab = await running({ size: 3 });
    const client = lab.client();
    for (let at = 0; at < 20; at++) await lab.get(client.create(`/n${at}`));
    for (const sid of [1, 2, 3]) {
      lab.host(sid).powerOff();
      lab.servers.delete(sid);
    }
    await lab.start(1, 2, 3);
    await lab.until(() => lab.isWhole);
    expect(await lab.get(lab.client().getChildren("/"))).toHaveLength(21);
  });

  it("orders what one client asks for, sync and reads included, through a follower", async () => {
    const lab = await running({ size: 3 });
    const follower = [1, 2, 3].find((sid) => sid !== lab.leader) ?? 0;
    const client = lab.client([follower]);
    const told: string[] = [];
    const asked = [
      client.create("/a").then(() => told.push("create")),
      client.getChildren("/").then((names) => told.push(`read ${names.length}`)),
      client.sync().then(() => told.push("sync")),
      client.setData("/a", Buffer.from("x")).then(({ version }) => told.push(`set ${version}`)),
      client.getData("/a").then(({ stat }) => told.push(`read ${stat.version}`)),
    ];
    await lab.get(Promise.all(asked));
    expect(told).toEqual(["create", "read 2", "sync", "set 1", "read 1"]);
  });

  it("moves a client's session with it, and ends the session of a client that died, wherever it was", async () => {
    const lab = await running({ size: 3 });
    const followers = [1, 2, 3].filter((sid) => sid !== lab.leader);
    const [first = 0, second = 0] = followers;
    const moving = lab.client(followers, { sessionTimeoutMs: 2000 });
    await lab.get(moving.create("/moving", null, { mode: "ephemeral" }));
    const dying = lab.client([second], { sessionTimeoutMs: 2000 });
    await lab.get(dying.create("/dying", null, { mode: "ephemeral" }));
    await lab.world.run(5000);
    expect((await lab.get(moving.getChildren("/"))).sort()).toEqual(["dying", "moving", "zookeeper"]);
    lab.kill(first);
    dying.abandon();
    await lab.world.run(6000);
    expect((await lab.get(moving.getChildren("/"))).sort()).toEqual(["moving", "zookeeper"]);
  });

  it("brings a server that was away up to date by the log, or by a snapshot, without stopping", async () => {
    for (const lines of [["commitLogCount=500"], ["commitLogCount=1", "snapshotSizeFactor=-1"]]) {
      const lab = await running({ size: 3, lines });
      const client = lab.client();
      await lab.get(client.create("/a", new Uint8Array(3000)));
      const away = [1, 2, 3].find((sid) => sid !== lab.leader) ?? 0;
      lab.kill(away);
      for (let at = 0; at < 30; at++) await lab.get(client.setData("/a", new Uint8Array(at * 100)));
      await lab.start(away);
      const writing = Promise.all(Array.from({ length: 50 }, (_, at) => client.create(`/n${at}`)));
      await lab.until(() => lab.isWhole);
      await lab.get(writing);
      await lab.until(() => lab.isAgreed);
      expect(lab.lines.some((line) => line.includes("snapshot-received"))).toBe(lines.length === 2);
      expect(lab.database(away).digestMismatches).toBe(0);
      lab.host(away).powerOff();
      lab.servers.delete(away);
      await lab.start(away);
      await lab.until(() => lab.isWhole && lab.isAgreed);
    }
  });

  it("brings a server up to date by what the others replayed when they were restarted", async () => {
    const lab = await running({ size: 3, lines: ["snapshotSizeFactor=-1"] });
    const away = [1, 2, 3].find((sid) => sid !== lab.leader) ?? 0;
    const others = [1, 2, 3].filter((sid) => sid !== away);
    const client = lab.client(others);
    await lab.get(client.create("/a"));
    await lab.until(() => lab.isAgreed);
    lab.kill(away);
    for (let at = 0; at < 10; at++) await lab.get(client.setData("/a", new Uint8Array(at)));
    for (const sid of others) lab.kill(sid);
    await lab.start(...others);
    await lab.until(() => lab.leader !== undefined);
    await lab.start(away);
    await lab.until(() => lab.isWhole && lab.isAgreed);
    expect(lab.lines.filter((line) => line.includes("snapshot-received"))).toEqual([]);
    expect((await lab.get(client.getData("/a"))).stat.version).toBe(10);
  });

  it("keeps the tree of a server whose snapshot did not come whole", async () => {
    const lab = await running({ size: 3, lines: ["commitLogCount=1", "snapshotSizeFactor=-1"] });
    const away = [1, 2, 3].find((sid) => sid !== lab.leader) ?? 0;
    const client = lab.client([1, 2, 3].filter((sid) => sid !== away));
    for (let at = 0; at < 60; at++) await lab.get(client.create(`/n${at}`, new Uint8Array(20_000)));
    await lab.until(() => lab.isAgreed);
    lab.kill(away);
    await lab.get(client.create("/missed"));
    await lab.get(client.create("/missed-too"));
    await lab.start(away);
    const before = lab.database(away).tree.nodeCount;
    await lab.until(() => lab.lines.some((line) => line.includes("sending-snapshot")));
    await lab.world.run(1);
    lab.kill(lab.leader ?? 0);
    expect(lab.database(away).tree.nodeCount).toBe(before);
    await lab.until(() => lab.leader !== undefined);
    await lab.until(() => lab.isWhole && lab.isAgreed);
  });

  it("steps down without a quorum, and says so", async () => {
    const lab = await running({ size: 3 });
    const leader = lab.leader ?? 0;
    const others = [1, 2, 3].filter((sid) => sid !== leader);
    lab.world.network.cut(
      `10.0.0.${leader}`,
      others.map((sid) => `10.0.0.${sid}`),
    );
    await lab.until(() => lab.role(leader) === undefined && others.includes(lab.leader ?? 0));
    expect(lab.lines.some((line) => line.includes("Not sufficient followers synced"))).toBe(true);
    lab.world.network.healAll();
    await lab.until(() => lab.isWhole);
  });

  it("never acknowledges again what a disk that failed was given, and the others go on", async () => {
    const lab = await running({ size: 3 });
    const client = lab.client();
    await lab.get(client.create("/a"));
    for (const victim of [[1, 2, 3].find((sid) => sid !== lab.leader) ?? 0, lab.leader ?? 0]) {
      lab.host(victim).device.failSyncs(1);
      await lab.get(client.create(`/fails-${victim}`).catch(() => undefined));
      await lab.until(() => lab.failures.has(victim), 1000);
      expect(lab.role(victim)).toBeUndefined();
      expect(lab.failures.get(victim)?.message).toMatch(/EIO|sync/);
      await lab.until(() => lab.leader !== undefined);
      await lab.get(lab.client([1, 2, 3].filter((sid) => sid !== victim)).create(`/goes-on-${victim}`));
      lab.kill(victim);
      await lab.start(victim);
      await lab.until(() => lab.isWhole);
    }
    await lab.until(() => lab.isAgreed);
  });
});

describe("an observer", () => {
  it("serves reads and writes, and does not vote", async () => {
    const lab = await running({ size: 4, observers: 1, lines: [] });
    expect(lab.role(4)).toBe("observer");
    const client = lab.client([4]);
    await lab.get(client.create("/a"));
    await lab.get(client.sync());
    expect(await lab.get(client.getChildren("/"))).toContain("a");
    const [one = 0] = [1, 2, 3].filter((sid) => sid !== lab.leader);
    lab.kill(one);
    lab.kill(lab.leader ?? 0);
    await lab.until(() => lab.role(4) === undefined);
    await lab.world.run(5000);
    expect(lab.leader).toBeUndefined();
    await lab.start(one);
    await lab.until(() => lab.isWhole);
    await lab.get(client.create("/b"));
  });

  it("without a log of its own starts with nothing, and gets everything", async () => {
    const lab = await running({ size: 4, observers: 1, lines: ["syncEnabled=false"] });
    await lab.get(lab.client([4]).create("/a"));
    lab.kill(4);
    await lab.start(4);
    await lab.until(() => lab.isWhole && lab.isAgreed);
    expect(await lab.get(lab.client([4]).getChildren("/"))).toContain("a");
  });
});

describe("a server without a quorum", () => {
  const properties = { "readonlymode.enabled": "true" };

  it("answers reads of clients that accept it, refuses writes, and joins when it can", async () => {
    const lab = await running({ size: 3, properties });
    await lab.get(lab.client().create("/a"));
    await lab.until(() => lab.isAgreed);
    for (const sid of [1, 2]) lab.kill(sid);
    await lab.until(() => lab.role(3) === "read-only");
    const client = lab.client([3], { canBeReadOnly: true });
    expect(await lab.get(client.getChildren("/"))).toContain("a");
    await expect(lab.get(client.create("/b"))).rejects.toMatchObject({ code: "notReadOnly" });
    await lab.start(1);
    await lab.until(() => lab.isWhole);
    expect(lab.role(3)).not.toBe("read-only");
  });
});

describe("local sessions", () => {
  const lines = ["localSessionsEnabled=true", "localSessionsUpgradingEnabled=true"];

  it("take no transaction until their first ephemeral, which makes them the ensemble's", async () => {
    const lab = await running({ size: 3, lines });
    for (const sid of [1, 2, 3]) {
      const client = lab.client([sid]);
      const before = lab.database(sid).lastProcessedZxid;
      await lab.get(client.getChildren("/"));
      expect(lab.database(sid).lastProcessedZxid).toBe(before);
      expect(lab.servers.get(sid)?.view.service.replica?.facts().localSessions).toBe(1);
      await lab.get(client.create(`/e${sid}`, null, { mode: "ephemeral" }));
      expect(lab.database(sid).sessions.size).toBe(1);
      expect(lab.servers.get(sid)?.view.service.replica?.facts().localSessions).toBe(0);
      await lab.get(client.close());
      expect(lab.database(sid).tree.node(`/e${sid}`)).toBeUndefined();
      await lab.until(() => lab.isAgreed);
    }
  });

  it("are refused ephemerals where they may not become more", async () => {
    const lab = await running({ size: 3, lines: ["localSessionsEnabled=true"] });
    for (const sid of [1, 2, 3]) {
      const client = lab.client([sid]);
      await lab.get(client.create(`/n${sid}`));
      const ephemeral = client.create(`/e${sid}`, null, { mode: "ephemeral" });
      await expect(lab.get(ephemeral)).rejects.toMatchObject({ code: "ephemeralOnLocalSession" });
      await lab.get(client.close());
    }
  });
});

describe("reconfiguration", () => {
  const options = { lines: ["reconfigEnabled=true"], properties: { "zookeeper.skipACL": "yes" } };
  const ANY = -1;
  const nothing = { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: ANY };

  const membersOf = (lab: PeerLab, sid: number): number[] => [
    ...(lab.servers.get(sid)?.view.quorum()?.members.keys() ?? []),
  ];

  it("adds a server that was started for it, which then votes", async () => {
    const lab = await running({ size: 3, ...options });
    await lab.start(4);
    const client = lab.client([1, 2, 3]);
    await lab.get(client.create("/a"));
    const { data } = await lab.get(client.reconfigure({ ...nothing, joiningServers: `${lab.member(4)};2181` }));
    expect(Buffer.from(data ?? []).toString()).toContain("server.4=zk-4:2888:3888:participant;0.0.0.0:2181");
    await lab.until(() => lab.isWhole && lab.isAgreed);
    expect([1, 2, 3, 4].map((sid) => membersOf(lab, sid))).toEqual([1, 2, 3, 4].map(() => [1, 2, 3, 4]));
    expect(await lab.get(lab.client([4]).getChildren("/"))).toContain("a");
    // Three of four are a quorum, two are none.
    const others = [1, 2, 3].filter((sid) => sid !== lab.leader);
    lab.kill(others[0] ?? 0);
    await lab.get(client.create("/three"));
    lab.kill(others[1] ?? 0);
    await lab.until(() => lab.leader === undefined);
  });

  it("removes the leader: one that has most leads on at once, without an election", async () => {
    const lab = await running({ size: 4, ...options });
    const leader = lab.leader ?? 0;
    const others = [1, 2, 3, 4].filter((sid) => sid !== leader);
    const client = lab.client(others);
    await lab.get(client.create("/a"));
    const before = lab.lines.length;
    await lab.get(client.reconfigure({ ...nothing, leavingServers: String(leader) }).catch(() => undefined));
    await lab.until(() => others.includes(lab.leader ?? 0), 1000);
    await lab.until(() => others.every((sid) => lab.role(sid) !== undefined));
    expect(lab.lines.slice(before).filter((line) => line.includes(" looking "))).toEqual([]);
    await lab.get(lab.client(others).create("/b"));
    for (const sid of others) expect(membersOf(lab, sid)).toEqual(others);
  });

  it("makes a voter an observer and back, and is what the servers start with again", async () => {
    const lab = await running({ size: 4, ...options });
    const victim = [1, 2, 3, 4].find((sid) => sid !== lab.leader) ?? 0;
    const address = `server.${victim}=zk-${victim}:2888:3888`;
    const others = [1, 2, 3, 4].filter((sid) => sid !== victim);
    await lab.get(lab.client(others).reconfigure({ ...nothing, joiningServers: `${address}:observer;2181` }));
    await lab.until(() => lab.isWhole && lab.role(victim) === "observer");
    await lab.get(lab.client([victim]).create("/a"));
    // What the servers start with from now on.
    for (const sid of [1, 2, 3, 4]) lab.kill(sid);
    await lab.start(1, 2, 3, 4);
    await lab.until(() => lab.isWhole);
    expect(lab.role(victim)).toBe("observer");
    expect(new Set([1, 2, 3, 4].map((sid) => lab.servers.get(sid)?.view.quorum()?.toString())).size).toBe(1);
    expect(lab.servers.get(1)?.view.quorum()?.version).toBeGreaterThan(0);
    await lab.get(lab.client(others).reconfigure({ ...nothing, joiningServers: `${address}:participant;2181` }));
    await lab.until(() => lab.isWhole && lab.role(victim) !== "observer");
    await lab.until(() => lab.isAgreed);
  });
});

describe("a name that does not resolve yet", () => {
  it("keeps no ensemble from its leader, as before a pod is ready", async () => {
    const lab = new PeerLab(seed, { size: 3 });
    // The first server's name alone is known, and it never leads: the others have larger ids.
    for (const sid of [2, 3]) lab.world.names.delete(`zk-${sid}`);
    await lab.start(1, 2, 3);
    expect(await lab.until(() => lab.isWhole)).toBeLessThan(2000);
    expect(lab.leader).not.toBe(1);
    await lab.get(lab.client().create("/a"));
  });
});
