import { chmodSync, lstatSync, rmSync } from "node:fs";
import { createServer, isIP, type Socket } from "node:net";

import { CuttableNet } from "./cuttable-net.ts";
import type { Net } from "./net.ts";
import { realClock } from "./real-clock.ts";
import { realNet } from "./real-net.ts";

const LINE_BYTES_MAX = 64 * 1024;

/**
 * The machine's network for a server: the plain one, or, where `ORDINAL_FAULTS` in the environment names a path, one with faults
 * that are asked for on a Unix socket there, readable and writable by this user only, which lives as long as the process.
 *
 * A request is a line, its answer `ok` or `error: …`:
 *
 *     cut ADDRESS…     these peers and no others cannot be reached: HOST, or HOST:PORT ([HOST]:PORT of IPv6)
 *     heal             all can
 *
 * Rejects with the system's error where the socket cannot be opened.
 */
export async function realNetWithFaults(environment: NodeJS.ProcessEnv): Promise<Net> {
  const path = environment["ORDINAL_FAULTS"];
  if (path === undefined || path === "") return realNet;
  const net = new CuttableNet(realNet, realClock);
  await listenForFaults(path, net);
  return net;
}

function listenForFaults(path: string, net: CuttableNet): Promise<void> {
  // Left by a process that was killed: nobody answers there any more.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path);
  const server = createServer((socket) => converse(socket, net));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path }, () => {
      chmodSync(path, 0o600);
      server.unref();
      resolve();
    });
  });
}

function converse(socket: Socket, net: CuttableNet): void {
  let pending = "";
  socket.setEncoding("utf8");
  socket.on("error", () => socket.destroy());
  socket.on("data", (text: string) => {
    pending += text;
    if (pending.length > LINE_BYTES_MAX) {
      socket.destroy();
      return;
    }
    const lines = pending.split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) socket.write(`${answerFault(line, net)}\n`);
  });
}

/** Carries out one line of the control socket. */
export function answerFault(line: string, net: CuttableNet): string {
  const [verb = "", ...addresses] = line.trim().split(/\s+/);
  if (verb === "heal" && addresses.length === 0) {
    net.cut([]);
    return "ok";
  }
  if (verb !== "cut" || addresses.length === 0) return "error: say `cut ADDRESS…` or `heal`";
  const wrong = addresses.find((address) => normalized(address) === undefined);
  if (wrong !== undefined) return `error: ${JSON.stringify(wrong)} is neither an IP address nor one with a port`;
  net.cut(addresses.map((address) => normalized(address) ?? address));
  return "ok";
}

/** As `CuttableNet` wants it. */
function normalized(address: string): string | undefined {
  if (isIP(address) !== 0) return address;
  const [, host, bracketed, port] = /^(?:([\d.]+)|\[([^\]]+)\]):(\d{1,5})$/.exec(address) ?? [];
  const plain = host ?? bracketed ?? "";
  return isIP(plain) !== 0 && Number(port) > 0 && Number(port) < 65_536 ? `${plain}:${port}` : undefined;
}
