import { readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { startTestServer } from "./testing.ts";
import { StartError } from "./web-server.ts";

const BIG_BYTES = 8 * 1024 * 1024;

describe("files", () => {
  test("a change of a file shows in the next request, even one of the same length and within one tick of the clock", async () => {
    await using host = await startTestServer("");
    const client = await host.connect();
    for (let i = 0; i < 300; i++) {
      const text = String(1000 + i);
      writeFileSync(join(host.folder, "a.txt"), text);
      expect(await client.get("/a.txt")).toMatch(new RegExp(`${text}$`));
    }
  });

  test("with open_file_cache_valid a change waits for the validity to end", async () => {
    await using host = await startTestServer("open_file_cache max=10; open_file_cache_valid 1h;");
    const client = await host.connect();
    writeFileSync(join(host.folder, "a.txt"), "one");
    await client.get("/a.txt");
    writeFileSync(join(host.folder, "a.txt"), "two");
    expect(await client.get("/a.txt")).toMatch(/one$/);
  });

  test("a file that is cut while it is sent ends the connection, it does not send something else", async () => {
    await using host = await startTestServer("");
    const path = join(host.folder, "big");
    writeFileSync(path, Buffer.alloc(BIG_BYTES, "x"));
    const client = await host.connect();
    client.socket.pause();
    client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise<void>((resolve) => client.socket.once("readable", resolve));
    truncateSync(path, 1000);
    client.socket.resume();
    await client.until(({ ended }) => ended);
    expect(client.received.length).toBeLessThan(BIG_BYTES);
    expect(client.received.slice(client.received.indexOf("\r\n\r\n") + 4)).toMatch(/^x+$/);
  });
});

describe("slow and silent clients", () => {
  test("a head that does not come in time ends the connection with nothing but a line in the log", async () => {
    await using host = await startTestServer("client_header_timeout 50ms;");
    const client = await host.connect();
    client.send("GET / HTTP/1.1\r\nHos");
    await client.until(({ ended }) => ended);
    expect(client.received).toBe("");
    host.server.logs.flush();
    expect(readFileSync(join(host.folder, "access.log"), "utf8")).toMatch(/"GET \/ HTTP\/1\.1" 408 0 /);
    expect(readFileSync(join(host.folder, "error.log"), "utf8")).toContain(
      "client timed out (110: Connection timed out)",
    );
  });

  test("an idle connection is closed after keepalive_timeout", async () => {
    await using host = await startTestServer("keepalive_timeout 50ms;");
    const client = await host.connect();
    expect(await client.get("/missing")).toContain("Connection: keep-alive");
    await client.until(({ ended }) => ended);
  });

  test("a client that never reads is cut off after send_timeout, and costs no more than one buffer", async () => {
    await using host = await startTestServer("send_timeout 200ms; keepalive_requests 100000;");
    writeFileSync(join(host.folder, "big"), Buffer.alloc(BIG_BYTES));
    const client = await host.connect();
    client.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 500; i++) client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    const closed = new Promise((resolve) => client.socket.once("close", resolve));
    // A paused socket notices the end when something is written.
    const probe = setInterval(() => client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n"), 20);
    await closed;
    clearInterval(probe);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
  });

  test("pipelined small answers that nobody reads stop the reading of requests", async () => {
    await using host = await startTestServer("send_timeout 10s; keepalive_requests 100000000;");
    writeFileSync(join(host.folder, "small"), Buffer.alloc(10_000));
    const client = await host.connect();
    client.socket.pause();
    const request = "GET /small HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000);
    const before = process.memoryUsage().arrayBuffers;
    // The kernel's buffers fill, then this side's: the server reads no more.
    let blocked = false;
    for (let i = 0; i < 2000 && !blocked; i++) {
      blocked = !client.socket.write(request);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(blocked).toBe(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    client.socket.destroy();
  });
});

describe("reload and stop", () => {
  test("new connections get the new configuration; an answer on its way ends under the old one, then its connection closes", async () => {
    await using host = await startTestServer("location = /who { return 200 old; }");
    writeFileSync(join(host.folder, "big"), Buffer.alloc(BIG_BYTES, "x"));
    const busy = await host.connect();
    busy.socket.pause();
    busy.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /who HTTP/1.1\r\nHost: a\r\n\r\n");
    const idle = await host.connect();
    expect(await idle.get("/who")).toMatch(/old$/);

    await host.server.apply(host.configure("location = /who { return 200 new; }"));
    await idle.until(({ ended }) => ended);
    expect(await (await host.connect()).get("/who")).toMatch(/new$/);
    busy.socket.resume();
    await busy.until(({ ended }) => ended);
    expect(busy.received.length).toBeGreaterThan(BIG_BYTES);
  });

  test("a configuration that cannot be served leaves the old one as it is", async () => {
    await using host = await startTestServer("location = /who { return 200 old; }");
    const client = await host.connect();
    await client.get("/who");
    const bad = { ...host.configure(""), logPaths: ["/nowhere/at/all.log"] };
    await expect(host.server.apply(bad)).rejects.toThrow(StartError);
    expect(await client.get("/who")).toMatch(/old$/);
  });

  test("a graceful stop refuses connections, ends answers, closes idle connections", async () => {
    await using host = await startTestServer("");
    writeFileSync(join(host.folder, "big"), Buffer.alloc(BIG_BYTES, "x"));
    const busy = await host.connect();
    busy.socket.pause();
    busy.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise<void>((resolve) => busy.socket.once("readable", resolve));
    const idle = await host.connect();
    await idle.get("/missing");
    const stopped = host.server.quit();
    await expect(host.connect()).rejects.toThrow(/ECONNREFUSED/);
    await idle.until(({ ended }) => ended);
    busy.socket.resume();
    await busy.until(({ ended }) => ended);
    expect(busy.received.length - busy.received.indexOf("\r\n\r\n") - 4).toBe(BIG_BYTES);
    await stopped;
  });

  test("logs that were renamed are opened anew under their name", async () => {
    await using host = await startTestServer("");
    const client = await host.connect();
    await client.get("/one");
    host.server.logs.flush();
    renameSync(join(host.folder, "access.log"), join(host.folder, "access.1"));
    host.server.logs.reopen(() => {});
    await client.get("/two");
    host.server.logs.flush();
    expect(readFileSync(join(host.folder, "access.1"), "utf8").trim().split("\n")).toHaveLength(1);
    expect(readFileSync(join(host.folder, "access.log"), "utf8")).toContain("GET /two");
  });
});

describe("hostile octets", () => {
  test("mutated requests neither stop the server nor hold memory, and a client beside them is served", async () => {
    await using host = await startTestServer(
      "client_header_timeout 5s; lingering_timeout 50ms; keepalive_requests 1000000;",
    );
    writeFileSync(join(host.folder, "a.txt"), "fine");
    const healthy = await host.connect();
    const valid =
      'GET /a.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1,2-3\r\nIf-None-Match: "x"\r\nContent-Length: 3\r\n\r\nabc' +
      "POST /a.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    const change = fc.tuple(
      fc.nat(valid.length - 1),
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom("set", "insert", "cut", "repeat"),
    );
    const samples = fc.sample(fc.array(change, { minLength: 1, maxLength: 6 }), { numRuns: 600, seed: 20_261_123 });
    const before = process.memoryUsage();
    for (let i = 0; i < samples.length; i += 20) {
      const clients = await Promise.all(samples.slice(i, i + 20).map(() => host.connect()));
      for (const [k, client] of clients.entries()) client.send(mutate(valid, samples[i + k] ?? []).repeat(50));
      expect(await healthy.get("/a.txt")).toMatch(/fine$/);
      for (const client of clients) client.socket.destroy();
    }
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(32 * 1024 * 1024);
  });
});

function mutate(text: string, changes: readonly (readonly [at: number, octet: number, how: string])[]): string {
  let out = text;
  for (const [at, octet, how] of changes) {
    const ch = String.fromCharCode(octet);
    if (how === "set") out = out.slice(0, at) + ch + out.slice(at + 1);
    else if (how === "insert") out = out.slice(0, at) + ch + out.slice(at);
    else if (how === "cut") out = out.slice(0, at) + out.slice(at + octet);
    else out = out.slice(0, at) + ch.repeat(octet * 10) + out.slice(at);
  }
  return out;
}
