import { expect, test } from "vitest";

import type { WatchEvent } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import { isStatus } from "../api/status-error.ts";
import { TestLab } from "../kubelet/testing/test-lab.ts";
import { ClientServer, WatchFeed } from "./client-server.ts";
import type { FromAgent, ToAgent } from "./messages.ts";
import { RemoteClient } from "./remote-client.ts";
import { shareWatches } from "./shared-watches.ts";

/** A remote client on the real API, over a channel that speaks JSON. */
function connected(lab: TestLab): { readonly remote: RemoteClient; readonly sent: FromAgent[] } {
  const sent: FromAgent[] = [];
  const remote: RemoteClient = new RemoteClient((message) => {
    sent.push(message);
    setImmediate(() => server.receive(JSON.parse(JSON.stringify(message)) as FromAgent));
  });
  const server = new ClientServer(lab.client, (message) =>
    setImmediate(() => remote.receive(JSON.parse(JSON.stringify(message)) as ToAgent)),
  );
  return { remote, sent };
}

const configMap = (name: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default" },
  data: { a: "1" },
});

test("the API works over the channel, refusals with their reasons", async () => {
  const lab = await TestLab.create();
  const { remote } = connected(lab);
  const seen: string[] = [];
  const watch = shareWatches(remote).watch("configmaps", {}, (event) =>
    seen.push(event.kind === "SYNCED" ? event.kind : `${event.kind} ${event.object.metadata.name}`),
  );
  await remote.create("configmaps", configMap("one"));
  await remote.patch("configmaps", "default", "one", { data: { a: null } }, { type: "merge" });
  expect((await remote.list("configmaps")).items).toHaveLength(1);
  expect((await remote.get("configmaps", "default", "one"))["data"]).toBeUndefined();
  await remote.delete("configmaps", "default", "one");
  const refusal = await remote.get("configmaps", "default", "one").catch((error: unknown) => error);
  expect(isStatus(refusal, "NotFound")).toBe(true);
  await lab.until("seen", () => seen.at(-1) === "DELETED one");
  expect(seen[0]).toBe("SYNCED");
  watch.stop();
  await lab.end();
});

test("no more calls are under way than the channel is meant to hold", async () => {
  const lab = await TestLab.create();
  const { remote, sent } = connected(lab);
  const calls = Array.from({ length: 500 }, (_, index) => remote.create("configmaps", configMap(`c${index}`)));
  expect(sent).toHaveLength(128);
  await Promise.all(calls);
  expect((await remote.list("configmaps", { namespace: "default" })).items).toHaveLength(500);
  await lab.end();
});

test("followers of the same resource share one watch, and a late one sees what is there", async () => {
  const lab = await TestLab.create();
  const { remote, sent } = connected(lab);
  const shared = shareWatches(remote);
  const follow = (): string[] => {
    const seen: string[] = [];
    shared.watch("configmaps", {}, (event) =>
      seen.push(event.kind === "SYNCED" ? event.kind : `${event.kind} ${event.object.metadata.name}`),
    );
    return seen;
  };
  const early = follow();
  await lab.until("synced", () => early.includes("SYNCED"));
  await remote.create("configmaps", configMap("one"));
  await lab.until("seen", () => early.includes("ADDED one"));
  expect(follow()).toEqual(["ADDED one", "SYNCED"]);
  expect(sent.filter(({ kind }) => kind === "watch")).toHaveLength(1);
  await lab.end();
});

test("a slow taker gets the newest state of each object, and nothing of those that came and went", async () => {
  const object = (uid: string, version: number) =>
    ({ metadata: { uid, name: uid, resourceVersion: String(version) } }) as unknown as KubeObject;
  const batches: (readonly WatchEvent[])[] = [];
  const feed = new WatchFeed((events) => batches.push(events));
  const flushed = () => new Promise((resolve) => setImmediate(resolve));
  const shown = () =>
    batches.map((batch) =>
      batch.map((event) =>
        event.kind === "SYNCED"
          ? "SYNCED"
          : `${event.kind} ${event.object.metadata.uid}${event.object.metadata.resourceVersion}`,
      ),
    );
  feed.push({ kind: "ADDED", object: object("a", 1) });
  await flushed();
  for (let version = 2; version < 100; version++) feed.push({ kind: "MODIFIED", object: object("a", version) });
  feed.push({ kind: "ADDED", object: object("b", 1) });
  feed.push({ kind: "DELETED", object: object("b", 2) });
  feed.push({ kind: "ADDED", object: object("c", 1) });
  feed.push({ kind: "MODIFIED", object: object("c", 2) });
  feed.push({ kind: "DELETED", object: object("a", 100) });
  await flushed();
  expect(shown()).toEqual([["ADDED a1"]]);
  feed.taken();
  await flushed();
  expect(shown()[1]).toEqual(["MODIFIED a99", "ADDED c2", "DELETED a100"]);
  feed.taken();
  feed.push({ kind: "MODIFIED", object: object("c", 3) });
  await flushed();
  expect(shown()[2]).toEqual(["MODIFIED c3"]);
});
