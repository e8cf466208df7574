/** Ten megabytes of hostile octets by datagram and by stream, beside a client that means well. The seed is in the test's name. */
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type RunningCommand, startCommand } from "./command.ts";

const WEB = fileURLToPath(new URL("../../manifests/web.yaml", import.meta.url));
const HOSTILE_BYTES = 10 * 1024 * 1024;
const RESIDENT_BYTES_MAX = 256 * 1024 * 1024;
const CONNECTION_COUNT = 100;
const SEED = 20_261;

let command: RunningCommand;
let healthy: Resolver;

beforeAll(async () => {
  command = await startCommand(["--manifests", WEB]);
  healthy = new Resolver({ timeout: 2000, tries: 3 });
  healthy.setServers([`127.0.0.1:${command.port}`]);
});
afterAll(() => command.stop());

/** A question of a random kind with some octets changed, or nothing but random octets. */
function hostileMessage(random: () => number): Buffer {
  if (random() < 0.5) return randomOctets(random, 1 + Math.floor(random() * 600));
  const name =
    [
      "nginx.default.svc.cluster.local",
      "1.0.0.127.in-addr.arpa",
      "cluster.local",
      `${Math.floor(random() * 1e9)}.svc.cluster.local`,
    ][Math.floor(random() * 4)] ?? "";
  const labels = name.split(".").flatMap((label) => [Buffer.of(label.length), Buffer.from(label)]);
  const type = [1, 6, 12, 16, 28, 33, 252, 255][Math.floor(random() * 8)] ?? 1;
  const option = Buffer.from([0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]);
  const message = Buffer.concat([
    Buffer.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]),
    ...labels,
    Buffer.of(0, 0, type, 0, 1),
    option,
  ]);
  for (let change = Math.floor(random() * 4); change > 0; change--)
    message[Math.floor(random() * message.length)] = Math.floor(random() * 256);
  return message;
}

function randomOctets(random: () => number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

/** mulberry32: the same octets at every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function expectHealth(): Promise<void> {
  expect(await healthy.resolveTxt("dns-version.cluster.local")).toEqual([["1.1.0"]]);
  const status = `/proc/${command.pid}/status`;
  if (!existsSync(status)) return;
  const resident = 1024 * Number(/VmRSS:\s+([0-9]+) kB/.exec(readFileSync(status, "utf8"))?.[1]);
  expect(resident).toBeLessThan(RESIDENT_BYTES_MAX);
}

describe(`ordinal-dns under hostile octets (seed ${SEED})`, () => {
  it("by datagram keeps answering, in bounded memory", async () => {
    const random = seeded(SEED);
    const socket = createSocket("udp4");
    let sent = 0;
    for (let batch = 0; sent < HOSTILE_BYTES; batch++) {
      for (let index = 0; index < 200; index++) {
        const message = hostileMessage(random);
        sent += message.length;
        socket.send(message, command.port, "127.0.0.1");
      }
      await new Promise((resolve) => setImmediate(resolve));
      if (batch % 50 === 0) await expectHealth();
    }
    await expectHealth();
    socket.close();
  });

  it("by stream keeps answering, in bounded memory, though nobody takes the answers", async () => {
    const random = seeded(SEED + 1);
    const sockets: Socket[] = [];
    const open = () => {
      const socket = connect({ host: "127.0.0.1", port: command.port });
      // Never read from: what is answered piles up at the server as far as it lets it.
      socket.on("error", () => {});
      return socket;
    };
    for (let index = 0; index < CONNECTION_COUNT; index++) sockets.push(open());
    let sent = 0;
    for (let batch = 0; sent < HOSTILE_BYTES; batch++) {
      for (const [index, socket] of sockets.entries()) {
        if (socket.destroyed) sockets[index] = open();
        const message = hostileMessage(random);
        const length = random() < 0.9 ? message.length : Math.floor(random() * 65_536);
        const octets = Buffer.concat([Buffer.of(length >>> 8, length & 255), message]);
        sent += octets.length;
        if (socket.writableLength < 1024 * 1024) socket.write(octets);
      }
      await new Promise((resolve) => setImmediate(resolve));
      if (batch % 50 === 0) await expectHealth();
    }
    await expectHealth();
    for (const socket of sockets) socket.destroy();
  });
});
