import { once } from "node:events";
import { request } from "node:https";
import { connect } from "node:tls";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startTestServer, type TestServer } from "../testing/test-server.ts";

const WIDGETS = "/apis/test.example.com/v1/namespaces/default/widgets";
const TABLE =
  "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

async function json(
  method: string,
  path: string,
  options?: Parameters<TestServer["call"]>[2],
): Promise<Record<string, never> & { code: number }> {
  const { text } = await server.call(method, path, options);
  return JSON.parse(text) as Record<string, never> & { code: number };
}

describe("who may speak to the server", () => {
  it.each([
    ["without a token", { authorization: "" }, 401],
    ["with a wrong token", { authorization: "Bearer nope" }, 401],
    ["with another scheme", { authorization: "Basic YTpi" }, 401],
    ["under a foreign name", { host: "evil.example.com" }, 403],
    ["under a name that begins like ours", { host: "localhost.evil.example.com" }, 403],
    ["from a page of another origin", { origin: "https://evil.example.com" }, 403],
    ["from a file or a sandboxed frame", { origin: "null" }, 403],
    ["from plain HTTP on this host", { origin: "http://127.0.0.1" }, 403],
    ["as localhost", { host: "localhost" }, 200],
    ["as ::1 with a port", { host: "[::1]:6443" }, 200],
    ["as the cluster's service", { host: "kubernetes.default.svc" }, 200],
    ["from its own origin", { host: "127.0.0.1:1", origin: "https://127.0.0.1:1" }, 200],
  ])("a request %s", async (_what, headers, code) => {
    const answer = await server.call("GET", "/version", { headers });
    expect(answer.code).toBe(code);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    if (code === 401) {
      expect(JSON.parse(answer.text)).toEqual({
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message: "Unauthorized",
        reason: "Unauthorized",
        code: 401,
      });
    }
  });

  it.each([
    ["without a token", { authorization: "" }, 401],
    ["from a page of another origin", { origin: "https://evil.example.com" }, 403],
    ["under a foreign name", { host: "evil.example.com" }, 403],
  ])("a WebSocket %s", async (_what, headers, code) => {
    const upgrade = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
      "sec-websocket-protocol": "v5.channel.k8s.io",
    };
    const answer = await server.call("GET", "/api/v1/namespaces/default/pods/p/exec?command=ls&stdout=true", {
      headers: { ...upgrade, ...headers },
    });
    expect(answer.code).toBe(code);
  });
});

describe("refusals", () => {
  it.each([
    [
      "an absent object",
      "GET",
      `${WIDGETS}/nope`,
      {},
      {
        code: 404,
        reason: "NotFound",
        message: 'widgets.test.example.com "nope" not found',
        details: { name: "nope", group: "test.example.com", kind: "widgets" },
      },
    ],
    [
      "an absent resource",
      "GET",
      "/apis/apps/v1/namespaces/default/nopes",
      {},
      { code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: {} },
    ],
    [
      "HTML",
      "GET",
      WIDGETS,
      { headers: { accept: "text/html" } },
      {
        code: 406,
        reason: "NotAcceptable",
        details: {},
        message:
          "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
      },
    ],
    [
      "a patch of no kind",
      "PATCH",
      `${WIDGETS}/a`,
      { body: {} },
      { code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: {} },
    ],
    [
      "a protobuf body that is none",
      "POST",
      WIDGETS,
      { body: "k8s", type: "application/vnd.kubernetes.protobuf" },
      { code: 400, reason: "BadRequest" },
    ],
    ["a body of an unknown type", "POST", WIDGETS, { body: "<a/>", type: "text/xml" }, { code: 415 }],
    ["OpenAPI v2 as JSON", "GET", "/openapi/v2", { headers: { accept: "application/json" } }, { code: 406 }],
    [
      "half a document",
      "POST",
      WIDGETS,
      { body: "{" },
      { code: 400, reason: "BadRequest", message: "unexpected end of JSON input" },
    ],
    [
      "a wrong selector",
      "GET",
      `${WIDGETS}?labelSelector=a%20in%20(b`,
      {},
      { code: 400, reason: "BadRequest", message: "unable to parse requirement: found '', expected: ',' or ')'" },
    ],
    [
      "a watch from the future",
      "GET",
      `${WIDGETS}?watch=true&resourceVersion=99999999`,
      {},
      { code: 504, reason: "Timeout" },
    ],
    ["a resourceVersion that is none", "GET", `${WIDGETS}?resourceVersion=abc`, {}, { code: 500 }],
    ["a method on a list", "PUT", WIDGETS, { body: {} }, { code: 405, reason: "MethodNotAllowed" }],
    [
      "a strict body",
      "POST",
      `${WIDGETS}?fieldValidation=Strict`,
      { body: { metadata: { name: "x" }, spec: { replica: 1 } } },
      {
        code: 400,
        message:
          'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.replica"',
      },
    ],
    [
      "fields that come twice",
      "POST",
      `${WIDGETS}?fieldValidation=Strict`,
      { body: '{"metadata":{"name":"x"},"spec":{"size":"1","size":"2"}}' },
      {
        code: 400,
        message:
          'Widget in version "v1" cannot be handled as a Widget: strict decoding error: duplicate field "spec.size"',
      },
    ],
    ["bad percent-encoding", "GET", "/api/v1/namespaces/%E0%A4%A/pods", {}, { code: 400 }],
    [
      "a body that is too large",
      "POST",
      WIDGETS,
      { body: `"${"x".repeat(3 * 1024 * 1024)}"` },
      { code: 413, reason: "RequestEntityTooLarge" },
    ],
    [
      "server-side apply by nobody",
      "PATCH",
      `${WIDGETS}/a`,
      { body: "a: 1", type: "application/apply-patch+yaml" },
      { code: 422, reason: "Invalid" },
    ],
  ])("%s", async (_what, method, path, options, expected) => {
    const answer = await server.call(method, path, options as Parameters<TestServer["call"]>[2]);
    expect(answer.code).toBe(expected.code);
    expect(JSON.parse(answer.text)).toMatchObject({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      ...expected,
    });
  });

  it("warns no more than a client's headers hold, however many unknown fields there are", async () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`unknown${index}`, 1]));
    const body = { metadata: { name: "many-warnings" }, ...many };
    const answer = await server.call("POST", `${WIDGETS}?dryRun=All&fieldValidation=Warn`, { body });
    expect(String(answer.headers["warning"]).length).toBeLessThan(8192);
    expect(String(answer.headers["warning"])).toContain("unknown field");
  });

  it("ends the connection of who may not speak to it", async () => {
    const connection = "keep-alive";
    const refused = await server.call("GET", "/version", { headers: { connection, authorization: "" } });
    expect(refused.headers["connection"]).toBe("close");
    const served = await server.call("GET", "/version", { headers: { connection } });
    expect(served.headers["connection"]).toBe("keep-alive");
  });

  it("warns of unknown fields when it is asked to", async () => {
    const path = `${WIDGETS}?fieldValidation=Warn&dryRun=All`;
    const answer = await server.call("POST", path, { body: { metadata: { name: "x" }, dta: {} } });
    expect(answer.code).toBe(201);
    expect(answer.headers.warning).toBe('299 - "unknown field \\"dta\\""');
  });
});

describe("answers", () => {
  it("say what a client discovers", async () => {
    const core = (await json("GET", "/api", { headers: { accept: AGGREGATED } })) as unknown as {
      items: { versions: { resources: { resource: string; subresources?: object[] }[] }[] }[];
    };
    const pods = core.items[0]?.versions[0]?.resources.find((entry) => entry.resource === "pods");
    expect(pods?.subresources).toContainEqual({
      subresource: "eviction",
      responseKind: { group: "policy", version: "v1", kind: "Eviction" },
      verbs: ["create"],
    });
    const v1 = (await json("GET", "/api/v1")) as unknown as { resources: { name: string }[] };
    expect(v1.resources).toContainEqual({
      name: "pods/eviction",
      singularName: "",
      namespaced: true,
      group: "policy",
      version: "v1",
      kind: "Eviction",
      verbs: ["create"],
    });
    const groups = (await json("GET", "/apis")) as unknown as { groups: { name: string }[] };
    expect(groups.groups.map(({ name }) => name)).toContain("test.example.com");
    expect(await json("GET", "/version")).toMatchObject({ minor: "32", gitVersion: "v1.32.13" });
    expect((await server.call("GET", "/readyz")).text).toBe("ok");
  });

  it("carry OpenAPI documents under URLs with their hash", async () => {
    const index = (await json("GET", "/openapi/v3")) as unknown as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    const url = index.paths["apis/test.example.com/v1"]?.serverRelativeURL ?? "";
    const document = await server.call("GET", url);
    expect(document.code).toBe(200);
    const parsed = JSON.parse(document.text) as {
      paths: Record<string, { patch: { parameters: { name: string }[] } }>;
    };
    const patch = parsed.paths["/apis/test.example.com/v1/namespaces/{namespace}/widgets/{name}"]?.patch;
    expect(patch?.parameters.map(({ name }) => name)).toContain("fieldValidation");
    const again = await server.call("GET", url, { headers: { "if-none-match": document.headers.etag } });
    expect([again.code, again.text]).toEqual([304, ""]);
  });

  it("are Tables for whoever asks for them", async () => {
    await server.call("POST", WIDGETS, {
      body: { metadata: { name: "table", labels: { t: "1" } }, spec: { replicas: 4 } },
    });
    const list = `${WIDGETS}?labelSelector=t%3D1`;
    const table = (await json("GET", list, { headers: { accept: TABLE } })) as unknown as {
      kind: string;
      columnDefinitions: object[];
      rows: { cells: unknown[]; object?: { kind: string } }[];
    };
    expect(table.kind).toBe("Table");
    expect(table.columnDefinitions[0]).toEqual({
      name: "Name",
      type: "string",
      format: "name",
      description: "Name",
      priority: 0,
    });
    expect(table.rows[0]?.cells.slice(0, 2)).toEqual(["table", 4]);
    expect(table.rows[0]?.object?.kind).toBe("PartialObjectMetadata");
    const whole = (await json("GET", `${list}&includeObject=Object`, {
      headers: { accept: TABLE },
    })) as unknown as typeof table;
    expect(whole.rows[0]?.object?.kind).toBe("Widget");
    const bare = (await json("GET", `${list}&includeObject=None`, {
      headers: { accept: TABLE },
    })) as unknown as typeof table;
    expect(bare.rows[0]?.object).toBeUndefined();
  });

  it("to DELETE are a Status or the object, as the kind has it", async () => {
    await server.call("POST", "/api/v1/namespaces/default/notes", { body: { metadata: { name: "gone" } } });
    const status = await json("DELETE", "/api/v1/namespaces/default/notes/gone", {
      body: { propagationPolicy: "Background" },
    });
    expect(status).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      details: { name: "gone", kind: "notes", uid: expect.any(String) as string },
    });
    const service = { metadata: { name: "svc" }, spec: { ports: [{ port: 80 }] } };
    await server.call("POST", "/api/v1/namespaces/default/services", { body: service });
    const deleted = (await json("DELETE", "/api/v1/namespaces/default/services/svc")) as unknown as {
      kind: string;
      metadata: object;
    };
    expect(deleted.kind).toBe("Service");
    expect(deleted.metadata).not.toHaveProperty("deletionTimestamp");
  });

  it("to an eviction are 201, and the pod is gone", async () => {
    const pod = { metadata: { name: "evicted" }, spec: { containers: [{ name: "c", image: "busybox" }] } };
    await server.call("POST", "/api/v1/namespaces/default/pods", { body: pod });
    const eviction = { kind: "Eviction", apiVersion: "policy/v1", metadata: { name: "evicted" }, deleteOptions: {} };
    const path = "/api/v1/namespaces/default/pods/evicted/eviction";
    expect(await json("POST", path, { body: { ...eviction, deleteOptions: { dryRun: ["All"] } } })).toMatchObject({
      status: "Success",
    });
    expect(server.registry.peek("pods", "default", "evicted")).toBeDefined();
    expect(await json("POST", path, { body: eviction })).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      code: 201,
    });
    expect(server.registry.peek("pods", "default", "evicted")).toBeUndefined();
  });

  it("to a review of one's own rights are yes, whatever the body is written in", async () => {
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    for (const type of ["application/json", "application/vnd.kubernetes.protobuf"]) {
      const body = type === "application/json" ? { spec: { resourceAttributes: { verb: "create" } } } : "k8s\u0000x";
      expect(await json("POST", path, { body, type })).toMatchObject({ status: { allowed: true } });
    }
  });
});

interface Line {
  readonly type: string;
  readonly object: {
    readonly kind?: string;
    readonly metadata: { readonly name?: string; readonly annotations?: object };
    readonly columnDefinitions?: unknown;
    readonly rows?: { cells: unknown[] }[];
    readonly code?: number;
    readonly message?: string;
  };
}

/** Reads a watch until `count` lines came or it ended. */
function watch(path: string, count: number, headers: object = {}): Promise<Line[]> {
  return new Promise((resolve, reject) => {
    const own = { authorization: `Bearer ${server.token}`, accept: "application/json", ...headers };
    const call = request(
      { path, host: "127.0.0.1", port: server.api.port, ca: server.ca, headers: own, agent: false },
      (response) => {
        let text = "";
        const lines = (): Line[] =>
          text
            .split("\n")
            .slice(0, -1)
            .map((line) => JSON.parse(line) as Line);
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          if (lines().length >= count) {
            resolve(lines());
            call.destroy();
          }
        });
        response.on("end", () => resolve(lines()));
      },
    );
    call.on("error", reject);
    call.end();
  });
}

describe("watches", () => {
  it("tell what is there, say so when asked, and go on", async () => {
    const path = `${WIDGETS}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=w%3D1`;
    await server.client.create("widgets.test.example.com", {
      metadata: { name: "w1", namespace: "default", labels: { w: "1" } },
    });
    const lines = watch(path, 3);
    // The watch is answered before anything else of this connection's turn; the next object comes after its bookmark.
    await server.call("GET", "/version");
    await server.client.create("widgets.test.example.com", {
      metadata: { name: "w2", namespace: "default", labels: { w: "1" } },
    });
    const seen = await lines;
    expect(seen.map((line) => line.type).sort()).toEqual(["ADDED", "ADDED", "BOOKMARK"]);
    const bookmark = seen.find((line) => line.type === "BOOKMARK");
    expect(bookmark?.object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
  });

  it("give one-row Tables, the columns with the first alone", async () => {
    const lines = watch(`${WIDGETS}?watch=true&labelSelector=tw%3D1`, 2, { accept: TABLE });
    await server.call("GET", "/version");
    for (const name of ["tw1", "tw2"])
      await server.client.create("widgets.test.example.com", {
        metadata: { name, namespace: "default", labels: { tw: "1" } },
      });
    const [first, second] = await lines;
    expect([first?.object.kind, first?.object.rows?.[0]?.cells[0], second?.object.rows?.[0]?.cells[0]]).toEqual([
      "Table",
      "tw1",
      "tw2",
    ]);
    expect(Array.isArray(first?.object.columnDefinitions)).toBe(true);
    expect(second?.object.columnDefinitions).toBeNull();
  });

  it("end at the client's own limit", async () => {
    expect(await watch(`${WIDGETS}?watch=true&timeoutSeconds=1&labelSelector=none%3D1`, 99)).toEqual([]);
  });

  it("close on a client that does not read, and say why", async () => {
    const socket = connect({ host: "127.0.0.1", port: server.api.port, ca: server.ca, servername: "localhost" });
    await once(socket, "secureConnect");
    socket.pause();
    const path = "/api/v1/namespaces/default/notes?watch=true";
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.token}\r\n\r\n`);
    await server.call("GET", "/version");
    const data = { text: "x".repeat(900_000) };
    for (let number = 0; number < 40; number++) {
      await server.client.create("notes", { metadata: { name: `slow-${number}`, namespace: "default" }, data });
    }
    let end = "";
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      end = (end + chunk.toString("latin1")).slice(-1000);
    });
    socket.resume();
    while (!end.includes("\r\n0\r\n")) await once(socket, "data");
    expect(end).toContain('"type":"ERROR"');
    expect(end).toContain("the watch was closed because its events were not read fast enough");
    expect(bytes).toBeLessThan(40 * 900_000);
    socket.destroy();
  });
});
