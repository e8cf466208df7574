/**
 * Ports that nobody else takes while an ensemble lives, although its servers come and go.
 *
 * A server that was killed frees its ports, and whoever asks the system for "any port" could get one of them before it is
 * restarted. So ports are taken in blocks from below the range that systems give out; the first port of a block is held
 * open as long as the block is, and whoever finds it taken leaves the whole block alone.
 */
import { createServer, type Server } from "node:net";

import { realRandom } from "@ordinal/io";

const FIRST_PORT = 10_240;
const LAST_PORT = 32_767;
const BLOCK_LENGTH = 32;
const BLOCK_COUNT = Math.floor((LAST_PORT + 1 - FIRST_PORT) / BLOCK_LENGTH);
/** The most ports one block gives. */
export const BLOCK_PORTS_MAX = BLOCK_LENGTH - 1;

export interface PortBlock {
  /** Free on 127.0.0.1 when they were looked at. */
  readonly ports: readonly number[];
  release(): Promise<void>;
}

/** @param count up to `BLOCK_PORTS_MAX` */
export async function takePorts(count: number): Promise<PortBlock> {
  if (count > BLOCK_PORTS_MAX) throw new RangeError(`${count} ports; a block has ${BLOCK_PORTS_MAX}`);
  const start = realRandom.between(0, BLOCK_COUNT - 1);
  for (let tried = 0; tried < BLOCK_COUNT; tried++) {
    const base = FIRST_PORT + ((start + tried) % BLOCK_COUNT) * BLOCK_LENGTH;
    const guard = await tryListen(base);
    if (guard === undefined) continue;
    const ports: number[] = [];
    for (let port = base + 1; port < base + BLOCK_LENGTH && ports.length < count; port++) {
      const probe = await tryListen(port);
      if (probe === undefined) continue;
      await close(probe);
      ports.push(port);
    }
    if (ports.length === count) return { ports, release: () => close(guard) };
    await close(guard);
  }
  throw new Error(`no ${count} free ports between ${FIRST_PORT} and ${LAST_PORT} on 127.0.0.1; stop what holds them`);
}

/** A guard answers nobody; it does not keep a process alive. */
function tryListen(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server.unref()));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}
