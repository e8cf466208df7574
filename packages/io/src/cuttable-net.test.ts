import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, expect, it } from "vitest";

import { CuttableNet } from "./cuttable-net.ts";
import { answerFault, realNetWithFaults } from "./fault-control.ts";
import type { Connection, Net, Receiver } from "./net.ts";
import { realClock } from "./real-clock.ts";
import { realNet } from "./real-net.ts";

/** Everything a connection told, as one text. */
class Ear implements Receiver {
  told = "";
  #wake: (() => void) | undefined;

  constructor(connection: Connection) {
    connection.receive(this);
  }

  data(bytes: Uint8Array): void {
    this.#note(new TextDecoder().decode(bytes));
  }
  ended(): void {
    this.#note("<ended>");
  }
  drained(): void {
    this.#note("<drained>");
  }
  closed(): void {
    this.#note("<closed>");
  }

  async until(text: string): Promise<void> {
    while (this.told !== text) {
      if (!text.startsWith(this.told)) throw new Error(`heard ${this.told} where ${text} was expected`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #note(text: string): void {
    this.told += text;
    this.#wake?.();
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A link made by `net`, both ends listened to. */
async function link(net: Net) {
  const accepted = Promise.withResolvers<Connection>();
  const listener = await realNet.listen({ host: "127.0.0.1", port: 0 }, accepted.resolve);
  const made = await net.connect(listener.address);
  const other = await accepted.promise;
  cleanups.push(
    () => listener.close(),
    () => made.destroy(),
    () => other.destroy(),
  );
  const { host, port } = listener.address;
  return { made, other, ear: new Ear(made), otherEar: new Ear(other), address: `${host}:${port}`, listener };
}

/** A round trip on another connection: what was sent before has arrived, where it can. */
async function settled(): Promise<void> {
  const { made, other, ear, otherEar } = await link(realNet);
  made.send(bytes("ping"));
  await otherEar.until("ping");
  other.send(bytes("pong"));
  await ear.until("pong");
}

it("lets nothing through a link that is cut, either way, and everything in order once it is healed", async () => {
  const net = new CuttableNet(realNet, realClock);
  const { made, other, ear, otherEar, address } = await link(net);
  made.send(bytes("a"));
  await otherEar.until("a");
  net.cut([address]);
  expect(made.send(bytes("b"))).toBe(false);
  expect(made.send(bytes("c"))).toBe(false);
  other.send(bytes("x"));
  await settled();
  expect([ear.told, otherEar.told]).toEqual(["", "a"]);
  net.cut([]);
  await otherEar.until("abc");
  await ear.until("<drained>x");
});

it("tells neither side that the other has ended the connection before the link is healed", async () => {
  const net = new CuttableNet(realNet, realClock);
  const first = await link(net);
  const second = await link(net);
  net.cut(["127.0.0.1"]);
  first.made.destroy();
  second.other.destroy();
  await first.ear.until("<closed>");
  await settled();
  expect([first.otherEar.told, second.ear.told]).toEqual(["", ""]);
  net.cut([]);
  await first.otherEar.until("<closed>");
  await second.ear.until("<closed>");
});

it("answers no new connection over a link that is cut, until it is healed or the time is up", async () => {
  const net = new CuttableNet(realNet, realClock);
  const { address, listener } = await link(net);
  net.cut([address]);
  await expect(net.connect(listener.address, { timeoutMs: 10 })).rejects.toMatchObject({ code: "ETIMEDOUT" });
  const waiting = net.connect(listener.address);
  net.cut([]);
  (await waiting).destroy();
});

it("cuts what it is told and nothing else", async () => {
  const net = new CuttableNet(realNet, realClock);
  const cut = await link(net);
  const kept = await link(net);
  net.cut([cut.address]);
  kept.made.send(bytes("a"));
  await kept.otherEar.until("a");
  net.cut([kept.address]);
  cut.made.send(bytes("b"));
  await cut.otherEar.until("b");
});

it("has no more than the plain network where the environment names no control socket", async () => {
  expect(await realNetWithFaults({})).toBe(realNet);
});

it("takes faults on a socket of its owner", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ordinal-faults-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "faults.sock");
  const net = (await realNetWithFaults({ ORDINAL_FAULTS: path })) as CuttableNet;
  const socket = connect({ path });
  cleanups.push(() => socket.destroy());
  const answer = (line: string): Promise<string> =>
    new Promise((resolve) => {
      socket.once("data", (chunk) => resolve(String(chunk)));
      socket.write(`${line}\n`);
    });
  expect(await answer("cut 127.0.0.1:2888 10.0.0.7 [::1]:3888")).toBe("ok\n");
  expect(net.cutAddresses).toEqual(["127.0.0.1:2888", "10.0.0.7", "::1:3888"]);
  expect(await answer("cut somewhere")).toMatch(/^error: "somewhere" is neither/);
  expect(net.cutAddresses).toHaveLength(3);
  expect(await answer("heal")).toBe("ok\n");
  expect(net.cutAddresses).toEqual([]);
  expect(answerFault("jump", net)).toMatch(/^error: say/);
});
