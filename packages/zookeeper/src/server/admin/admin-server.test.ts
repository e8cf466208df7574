import { describe, expect, test } from "vitest";

import { JuteReader } from "../../jute/jute-reader.ts";
import { OpCode } from "../../jute/op-code.ts";
import { writeCreateRequest, writeWatchableRequest } from "../../jute/proto-records.ts";
import { ADLER_START, adler32 } from "../../log/adler32.ts";
import { Database } from "../../tree/database.ts";
import type { Http, HttpAnswer, HttpRequest } from "../http/http-port.ts";
import { metricsAddress, prometheusText } from "../metrics/prometheus.ts";
import type { ServerView } from "../server-view.ts";
import { testConfig, withService } from "../testing/service-fixture.ts";
import { FULL_VERSION } from "../version.ts";
import { startAdminServer } from "./admin-server.ts";

const OPEN_ACL = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];

type Ask = (
  path: string,
  options?: { readonly method?: string; readonly authorization?: string; readonly body?: string },
) => Promise<HttpAnswer>;

/** Asks the admin server without a network. */
async function adminOf(view: ServerView): Promise<Ask> {
  let answer: ((request: HttpRequest) => Promise<HttpAnswer>) | undefined;
  const http: Http = {
    listen: (address, handler) => {
      answer = handler;
      return Promise.resolve({ address, close: () => Promise.resolve() });
    },
  };
  await startAdminServer(http, view);
  return (url, { method = "GET", authorization, body = "" } = {}) => {
    const [path = "", query = ""] = url.split("?");
    if (answer === undefined) throw new Error("it does not listen");
    return answer({
      method,
      path,
      query: new URLSearchParams(query),
      remoteHost: "10.0.0.9",
      header: (name) => (name === "authorization" ? authorization : undefined),
      body: () => Promise.resolve(new TextEncoder().encode(body)),
    });
  };
}

describe("the admin server", () => {
  test("lists its commands", () =>
    withService(async ({ view }) => {
      const { contentType, body } = await (await adminOf(view))("/commands");
      expect(contentType).toBe("text/html; charset=utf-8");
      expect(String(body).split("\n").slice(0, 4)).toEqual([
        '<a href="/commands/configuration">configuration</a>',
        "<br/>",
        '<a href="/commands/connection_stat_reset">connection_stat_reset</a>',
        "<br/>",
      ]);
    }));

  test("answers as Jackson prints", () =>
    withService(async ({ view }) => {
      const ask = await adminOf(view);
      expect(await ask("/commands/dirs")).toEqual({
        status: 200,
        contentType: "application/json",
        body: '{\n  "datadir_size" : 424,\n  "logdir_size" : 67108880,\n  "command" : "dirs",\n  "error" : null\n}',
      });
      expect((await ask("/commands/cons")).body).toBe(
        '{\n  "connections" : [ ],\n  "secure_connections" : [ ],\n  "command" : "connections",\n  "error" : null\n}',
      );
      expect((await ask("/commands/voting_view")).body).toBe(
        '{\n  "current_config" : { },\n  "command" : "voting_view",\n  "error" : null\n}',
      );
    }));

  test("tells connections and watches of sessions with all their digits", () =>
    withService(async ({ view, open }) => {
      const ask = await adminOf(view);
      const client = await open();
      const { sessionId } = await client.handshake();
      client.request(1, OpCode.exists, (to) => writeWatchableRequest(to, { path: "/w", watch: true }));
      await client.reply();
      const connections = String((await ask("/commands/connections")).body);
      expect(connections).toContain(`"connections" : [ {\n    "remote_socket_address" : "10.0.0.9:`);
      expect(connections).toContain(`"session_id" : ${sessionId},\n    "last_operation" : "EXIS"`);
      expect(String((await ask("/commands/watches")).body)).toContain(
        `"session_id_to_watched_paths" : {\n    "${sessionId}" : [ "/w" ]\n  }`,
      );
      expect(String((await ask("/commands/watches_by_path")).body)).toContain(`"/w" : [ ${sessionId} ]`);
      const stats = JSON.parse(String((await ask("/commands/stats")).body)) as Record<string, unknown>;
      expect(stats).toMatchObject({
        version: FULL_VERSION,
        read_only: false,
        server_stats: { packets_received: 2, packets_sent: 2, server_state: "standalone", provider_null: false },
        node_count: 5,
        connections: [{ packets_received: 2 }],
        command: "stats",
        error: null,
      });
    }));

  test("every command answers, and its short name too", () =>
    withService(async ({ view }) => {
      const ask = await adminOf(view);
      const list = String((await ask("/commands/")).body);
      const names = [...list.matchAll(/>([a-z_]+)</g)].map(([, name]) => name ?? "");
      expect(names.length).toBeGreaterThan(22);
      for (const name of names) {
        const answer = await ask(`/commands/${name}`);
        expect(JSON.parse(String(answer.body))).toMatchObject({ command: name });
      }
      expect(JSON.parse(String((await ask("/commands/mntr")).body))).toMatchObject({
        command: "monitor",
        znode_count: 5,
      });
    }));

  test("passwords in the configuration are nobody's business", () => {
    const lines = [
      "ssl.keyStore.password=open sesame",
      "ssl.trustStore.password : half\\",
      "  and half",
      "ssl.keyStore.passwordPath=/etc/zk/password",
    ];
    const superDigest = "zookeeper.DigestAuthenticationProvider.superDigest";
    return withService(
      async ({ view }) => {
        const ask = await adminOf(view);
        const properties = String((await ask("/commands/sysp")).body);
        const file = String((await ask("/commands/icfg")).body);
        for (const text of [properties, file]) {
          expect(text).not.toMatch(/sesame|half|a-digest/);
          expect(text).toContain("/etc/zk/password");
        }
        expect(JSON.parse(properties)).toMatchObject({
          "zookeeper.ssl.keyStore.password": "***",
          [superDigest]: "***",
        });
        expect((JSON.parse(file) as { initial_configuration: string }).initial_configuration).toContain(
          "ssl.keyStore.password=***\nssl.trustStore.password :***\nssl.keyStore.passwordPath=/etc/zk/password",
        );
      },
      { lines, properties: new Map([[superDigest, "super:a-digest"]]) },
    );
  });

  test("a command it does not know, and a server without a role, are errors in the answer", () =>
    withService(
      async ({ view }) => {
        const ask = await adminOf(view);
        expect((await ask("/commands/nope")).body).toBe(
          '{\n  "command" : "nope",\n  "error" : "Unknown command: nope"\n}',
        );
        expect((await ask("/commands/srvr")).body).toBe(
          '{\n  "command" : "server_stats",\n  "error" : "This ZooKeeper instance is not currently serving requests"\n}',
        );
        expect(JSON.parse(String((await ask("/commands/system_properties")).body))).toMatchObject({ error: null });
        expect((await ask("/elsewhere")).status).toBe(404);
        expect((await ask("/commands/%")).status).toBe(400);
      },
      { serving: false },
    ));

  test("what changes something asks who it is", () =>
    withService(async ({ view, connect, service }) => {
      const ask = await adminOf(view);
      const post = { method: "POST", body: '{"percentage": 50}' };
      expect((await ask("/commands/shed_connections", post)).status).toBe(401);
      expect((await ask("/commands/shed_connections", { ...post, authorization: "nonsense x" })).status).toBe(401);
      const authorization = "digest root:secret";
      for (let client = 0; client < 4; client++) await connect();
      const { status, body } = await ask("/commands/shed_connections", { ...post, authorization });
      expect([status, JSON.parse(String(body))]).toEqual([
        200,
        { connections_shed: 2, percentage_requested: 50, command: "shed_connections", error: null },
      ]);
      expect(service.connectionCount).toBe(2);
      for (const wrong of ["", "{}", '{"percentage": 101}', '{"percentage": -1}']) {
        expect((await ask("/commands/shed", { method: "POST", authorization, body: wrong })).status).toBe(400);
      }
      expect((await ask("/commands/shed", { authorization })).status).toBe(405);
    }));

  test("a snapshot can be fetched, is the database, and not too often", () =>
    withService(async ({ view, connect, service }) => {
      const ask = await adminOf(view);
      const client = await connect();
      client.request(1, OpCode.create, (to) =>
        writeCreateRequest(to, { path: "/a", data: null, acl: OPEN_ACL, flags: 0, ttl: undefined }),
      );
      await client.reply();
      expect((await ask("/commands/snapshot")).status).toBe(401);
      const answer = await ask("/commands/snapshot", { authorization: "digest a:b" });
      expect(answer).toMatchObject({
        status: 200,
        contentType: "application/octet-stream",
        headers: { last_zxid: "0x2" },
      });
      const parts: Uint8Array[] = [];
      for await (const part of answer.body as AsyncIterable<Uint8Array>) parts.push(part);
      const bytes = Buffer.concat(parts);
      expect(bytes.length).toBe(Number(answer.headers?.["snapshot_size"]));
      expect(bytes.subarray(0, 4).toString()).toBe("ZKSN");
      const database = Database.readSnapshotBody(new JuteReader(bytes, 16));
      expect(database.tree.digest).toBe(service.database.tree.digest);
      const tail = new JuteReader(bytes, bytes.length - 13 - 8);
      expect([tail.zxid(), tail.long(), tail.ustring()]).toEqual([
        2,
        adler32(bytes, 0, bytes.length - 13, ADLER_START),
        "/",
      ]);
      expect((await ask("/commands/snap", { authorization: "digest a:b" })).status).toBe(429);
    }));

  test("a port that is taken costs one line of the log and nothing else", () =>
    withService(async ({ view, logged }) => {
      const http: Http = { listen: () => Promise.reject(Object.assign(new Error("taken"), { code: "EADDRINUSE" })) };
      expect(await startAdminServer(http, view)).toBeUndefined();
      const lines = logged.filter(({ event }) => event === "admin-server-not-started");
      expect(lines.map(({ message }) => message)).toEqual([
        "Problem starting AdminServer on address 0.0.0.0, port 8080 and command URL /commands: the port is in use; " +
          "the server runs without it (admin.serverPort chooses another port, admin.enableServer=false switches it off)",
      ]);
    }));
});

test("metrics in Prometheus' format", () =>
  withService(async ({ view, connect }) => {
    const client = await connect();
    client.request(1, OpCode.exists, (to) => writeWatchableRequest(to, { path: "/", watch: false }));
    await client.reply();
    const text = prometheusText(view);
    expect(text).toContain("# HELP znode_count znode_count\n# TYPE znode_count gauge\nznode_count 5.0\n");
    expect(text).toContain("# TYPE bytes_received_count counter\nbytes_received_count ");
    expect(text).toContain(
      '# TYPE readlatency summary\nreadlatency{quantile="0.5",} 0.0\nreadlatency{quantile="0.9",} 0.0\n' +
        'readlatency{quantile="0.99",} 0.0\nreadlatency_count 1.0\nreadlatency_sum 0.0\n',
    );
    expect(text).toContain('updatelatency{quantile="0.5",} NaN\n');
    expect(text.endsWith("\n")).toBe(true);
  }));

test("the endpoint for metrics is opened only where the configuration names its provider", () => {
  const provider = "metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider";
  expect(metricsAddress(testConfig())).toBeUndefined();
  expect(metricsAddress(testConfig([provider]))).toEqual({ host: "0.0.0.0", port: 7000 });
  expect(
    metricsAddress(testConfig([provider, "metricsProvider.httpPort=9", "metricsProvider.httpHost=127.0.0.1"])),
  ).toEqual({
    host: "127.0.0.1",
    port: 9,
  });
});
