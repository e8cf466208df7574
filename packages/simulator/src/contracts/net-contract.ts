import type { Connection, Listener, Net } from "@ordinal/io";
import { describe, expect, test } from "vitest";

/** Where the two ends of the contract's connections live. */
interface NetFixture {
  readonly server: Net;
  readonly client: Net;
  /** The server's address. */
  readonly host: string;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function readAll(connection: Connection): Promise<string> {
  const decoder = new TextDecoder();
  let all = "";
  for (let chunk = await connection.read(); chunk !== undefined; chunk = await connection.read()) {
    all += decoder.decode(chunk, { stream: true });
  }
  return all;
}

/** What every `Net` does. `within` runs the body with one or two and ends what is left of it. */
export function netContract(
  name: string,
  within: (body: (fixture: NetFixture) => Promise<void>) => Promise<void>,
): void {
  const withPair = (
    body: (client: Connection, server: Connection, listener: Listener) => Promise<void>,
  ): Promise<void> =>
    within(async ({ client, server, host }) => {
      let accepted: (connection: Connection) => void;
      const arrival = new Promise<Connection>((resolve) => {
        accepted = resolve;
      });
      const listener = await server.listen({ host, port: 0 }, (connection) => accepted(connection));
      const near = await client.connect(listener.address);
      const far = await arrival;
      await body(near, far, listener);
      near.destroy();
      far.destroy();
      await listener.close();
    });

  describe(`${name} keeps the contract of Net`, () => {
    test("both ends know both addresses", () =>
      withPair(async (client, server, listener) => {
        expect(listener.address.port).toBeGreaterThan(0);
        expect(client.remote).toEqual(listener.address);
        expect(server.local).toEqual(listener.address);
        expect(server.remote).toEqual(client.local);
        await Promise.resolve();
      }));

    test("bytes arrive in order both ways, and an end after them", () =>
      withPair(async (client, server) => {
        const echo = (async (): Promise<void> => {
          for (let chunk = await server.read(); chunk !== undefined; chunk = await server.read())
            await server.write(chunk);
          await server.write(bytes(" done"));
          server.end();
        })();
        for (let part = 0; part < 50; part++) await client.write(bytes(`part ${part};`));
        client.end();
        const expected = Array.from({ length: 50 }, (_, part) => `part ${part};`).join("");
        expect(await readAll(client)).toBe(`${expected} done`);
        expect(await client.read()).toBeUndefined();
        await echo;
        expect(() => client.end()).not.toThrow();
        await expect(client.write(bytes("late"))).rejects.toThrow();
      }));

    test("a writer waits for a reader that does not read, and loses nothing", () =>
      withPair(async (client, server) => {
        const block = new Uint8Array(256 * 1024).fill(7);
        let written = 0;
        const total = 64; // 16 MiB: more than any buffer on the way
        const writing = (async (): Promise<void> => {
          for (; written < total; written++) await client.write(block);
          client.end();
        })();
        // A round trip the other way: long enough for a writer that does not wait to be done.
        for (let round = 0; round < 20; round++) {
          await server.write(bytes("x"));
          await client.read();
        }
        expect(written).toBeLessThan(total);
        let received = 0;
        for (let chunk = await server.read(); chunk !== undefined; chunk = await server.read()) {
          received += chunk.length;
          expect(chunk.every((byte) => byte === 7)).toBe(true);
        }
        await writing;
        expect(received).toBe(total * block.length);
      }));

    test("the caller's bytes are its own again once write has resolved", () =>
      withPair(async (client, server) => {
        await client.write(bytes("same"));
        client.end();
        expect(await readAll(server)).toBe("same");
      }));

    test("destroying one end breaks the other, in the middle of a read", () =>
      withPair(async (client, server) => {
        await client.write(bytes("x"));
        await server.read();
        const reading = expect(server.read()).rejects.toMatchObject({ code: "ECONNRESET" });
        client.destroy();
        await reading;
        await expect(server.write(bytes("y"))).rejects.toMatchObject({ code: "ECONNRESET" });
        await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
        await expect(client.write(bytes("z"))).rejects.toMatchObject({ code: "ECONNRESET" });
      }));

    test("nobody listening refuses, and a closed listener lets its connections live", () =>
      within(async ({ client, server, host }) => {
        const connections: Connection[] = [];
        const listener = await server.listen({ host, port: 0 }, (connection) => {
          connections.push(connection);
          void connection.write(bytes("hello")).then(() => connection.end());
        });
        const open = await client.connect(listener.address);
        await listener.close();
        await expect(client.connect(listener.address)).rejects.toMatchObject({ code: "ECONNREFUSED" });
        expect(await readAll(open)).toBe("hello");
        open.destroy();
        for (const connection of connections) connection.destroy();
      }));

    test("an address is listened on once, and has to be the host's own", () =>
      within(async ({ server, host }) => {
        const listener = await server.listen({ host, port: 0 }, () => {});
        await expect(server.listen(listener.address, () => {})).rejects.toMatchObject({ code: "EADDRINUSE" });
        await expect(server.listen({ host: "203.0.113.7", port: 0 }, () => {})).rejects.toMatchObject({
          code: "EADDRNOTAVAIL",
        });
        await listener.close();
        await (await server.listen(listener.address, () => {})).close();
      }));
  });
}
