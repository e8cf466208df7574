/**
 * node-zookeeper-client against an ensemble: a lock among several clients, transactions, ACLs, watches; then, for each line of standard
 * input (a server was killed or is back), that session, lock and watches are still there. Prints `ok …` lines, and `done` at the end.
 *
 *     node node-client.js CONNECT_STRING
 */
import assert from "node:assert/strict";
import { createInterface } from "node:readline";

import zookeeper from "node-zookeeper-client";

const connectString = process.argv[2] ?? "";
const { ACL, CreateMode, Exception, Id, Permission } = zookeeper;

function say(line) {
  process.stdout.write(`${line}\n`);
}

/** Its methods with promises. */
function connect() {
  const client = zookeeper.createClient(connectString, { sessionTimeout: 15_000, spinDelay: 100, retries: 0 });
  const call = (method, ...args) =>
    new Promise((resolve, reject) => {
      client[method](...args, (error, ...results) => (error ? reject(error) : resolve(results[0])));
    });
  return new Promise((resolve) => {
    client.once("connected", () => resolve({ client, call }));
    client.connect();
  });
}

/** Until it is not the connection's fault. */
async function insist(attempt) {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error?.getCode?.() !== Exception.CONNECTION_LOSS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The recipe of the ZooKeeper documentation: the least sequential child has the lock, everybody watches the one before. */
async function lock({ client, call }, folder) {
  const path = await call("create", `${folder}/lock-`, Buffer.alloc(0), CreateMode.EPHEMERAL_SEQUENTIAL);
  for (;;) {
    const names = (await call("getChildren", folder)).sort();
    const at = names.indexOf(path.slice(folder.length + 1));
    assert.notEqual(at, -1);
    if (at === 0) return path;
    await new Promise((resolve, reject) => {
      client.exists(
        `${folder}/${names[at - 1]}`,
        () => resolve(),
        (error, stat) => {
          if (error) reject(error);
          else if (!stat) resolve();
        },
      );
    });
  }
}

const first = await connect();
await first.call("mkdirp", "/node/locks");

{
  const held = [];
  let rounds = 0;
  await Promise.all(
    Array.from({ length: 4 }, async (_unused, name) => {
      const contender = await connect();
      for (let round = 0; round < 5; round++) {
        const path = await lock(contender, "/node/locks");
        held.push(name);
        assert.deepEqual(held, [name]);
        await contender.call("getData", "/node/locks");
        held.pop();
        rounds++;
        await contender.call("remove", path, -1);
      }
      contender.client.close();
    }),
  );
  assert.equal(rounds, 20);
  say("ok lock");
}

{
  const results = await new Promise((resolve, reject) => {
    first.client
      .transaction()
      .create("/node/txn", Buffer.from("1"))
      .setData("/node/txn", Buffer.from("2"), 0)
      .check("/node/txn", 1)
      .create("/node/gone")
      .remove("/node/gone", -1)
      .commit((error, done) => (error ? reject(error) : resolve(done)));
  });
  assert.equal(results.length, 5);
  await assert.rejects(
    new Promise((resolve, reject) => {
      first.client
        .transaction()
        .setData("/node/txn", Buffer.from("3"))
        .remove("/node/none", -1)
        .commit((error, done) => (error ? reject(error) : resolve(done)));
    }),
    (error) => error.getCode() === Exception.NO_NODE,
  );
  assert.equal(String(await first.call("getData", "/node/txn")), "2");
  say("ok transaction");
}

{
  const owner = await connect();
  owner.client.addAuthInfo("digest", Buffer.from("user:pass"));
  const acls = [new ACL(Permission.ALL, new Id("auth", ""))];
  await owner.call("create", "/node/private", Buffer.from("mine"), acls, CreateMode.PERSISTENT);
  await assert.rejects(first.call("getData", "/node/private"), (error) => error.getCode() === Exception.NO_AUTH);
  assert.equal(String(await owner.call("getData", "/node/private")), "mine");
  owner.client.close();
  say("ok access");
}

const events = [];
const watch = () => insist(() => first.call("getData", "/node/watched", (event) => events.push(event.getName())));
await first.call("create", "/node/watched");
await first.call("create", "/node/mine", Buffer.alloc(0), CreateMode.EPHEMERAL);
const session = first.client.getSessionId().toString("hex");
const other = await connect();
say("ready");

for await (const line of createInterface({ input: process.stdin })) {
  const before = events.length;
  await watch();
  await insist(() => other.call("setData", "/node/watched", Buffer.from(line), -1));
  while (events.length === before) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(events.every((name) => name === "NODE_DATA_CHANGED"));
  const stat = await insist(() => other.call("exists", "/node/mine"));
  assert.equal(stat.ephemeralOwner.toString("hex"), session);
  assert.equal(first.client.getSessionId().toString("hex"), session);
  say(`ok ${line}`);
}
first.client.close();
other.client.close();
say("done");
