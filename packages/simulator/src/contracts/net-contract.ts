import type { Connection, Listener, Net, Receiver } from "@ordinal/io";
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

/** Notes what it is told; `said` resolves once that is there. */
class NotingReceiver implements Receiver {
  readonly told: string[] = [];
  received = 0;
  text = "";
  readonly #decoder = new TextDecoder();
  #wake: (() => void) | undefined;

  data(chunk: Uint8Array): void {
    this.received += chunk.length;
    if (this.received < 10_000) this.text += this.#decoder.decode(chunk, { stream: true });
    this.#wake?.();
  }

  ended(): void {
    this.#note("ended");
  }

  drained(): void {
    this.#note("drained");
  }

  closed(): void {
    this.#note("closed");
  }

  #note(what: string): void {
    this.told.push(what);
    this.#wake?.();
  }

  async until(met: () => boolean): Promise<void> {
    while (!met()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
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

    test("a receiver is handed what arrived before and after, then the end", () =>
      withPair(async (client, server) => {
        await client.write(bytes("before "));
        const receiver = new NotingReceiver();
        server.receive(receiver);
        expect(receiver.text).toBe("");
        await receiver.until(() => receiver.text === "before ");
        expect(client.send(bytes("after"))).toBe(true);
        client.end();
        await receiver.until(() => receiver.told.length > 0);
        expect(receiver.text).toBe("before after");
        expect(server.send(bytes("an answer"))).toBe(true);
        server.close();
        expect(await readAll(client)).toBe("an answer");
        await receiver.until(() => receiver.told.length > 1);
        expect(receiver.told).toEqual(["ended", "closed"]);
      }));

    test("a paused receiver is handed nothing, and the sender learns that there is no room", () =>
      withPair(async (client, server) => {
        const receiver = new NotingReceiver();
        server.receive(receiver);
        server.pause();
        const sender = new NotingReceiver();
        client.receive(sender);
        const block = 256 * 1024;
        let sent = 0;
        while (client.send(new Uint8Array(block))) sent += block;
        sent += block;
        for (let round = 0; round < 20; round++) {
          server.send(bytes("x"));
          await sender.until(() => sender.received === round + 1);
        }
        expect(receiver.received).toBe(0);
        expect(sender.told).toEqual([]);
        server.resume();
        await sender.until(() => sender.told.length > 0);
        expect(sender.told).toEqual(["drained"]);
        await receiver.until(() => receiver.received === sent);
      }));

    test("the bytes are the sender's own again where send says that there is room", () =>
      withPair(async (client, server) => {
        const mine = bytes("same");
        expect(client.send(mine)).toBe(true);
        mine.fill(0);
        client.close();
        expect(await readAll(server)).toBe("same");
      }));

    test("a receiver learns once that its connection is over, whoever broke it", () =>
      withPair(async (client, server) => {
        const [near, far] = [new NotingReceiver(), new NotingReceiver()];
        client.receive(near);
        server.receive(far);
        client.destroy();
        expect(near.told).toEqual([]);
        await near.until(() => near.told.length > 0);
        await far.until(() => far.told.length > 0);
        client.destroy();
        server.destroy();
        expect(server.send(bytes("late"))).toBe(true);
        expect([near.told, far.told]).toEqual([["closed"], ["closed"]]);
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
