/** Sockets, a responder and, if wanted, a forwarder put together. */
import { createSocket, Socket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, isIP, type Server } from "node:net";

import type { Log } from "@ordinal/io";

import type { Zone } from "../zone/zone.ts";
import { Forwarder, parseForwardTarget } from "./forwarder.ts";
import { Responder } from "./responder.ts";
import { serveTcp, type TcpLimits } from "./tcp.ts";
import { serveUdp } from "./udp.ts";

export interface ListenAddress {
  /** An IP address of this machine. */
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
}

type OneOrMore<T> = T | readonly T[];

export interface DnsServerOptions {
  readonly zone: Zone;
  /** Where datagrams are answered: sockets that are already bound or binding, or addresses to bind. Sockets are closed with the server. */
  readonly udp?: OneOrMore<Socket | ListenAddress>;
  /** Where streams are answered: servers that are already listening or about to, or addresses to listen on. Servers are closed with this one. */
  readonly tcp?: OneOrMore<Server | ListenAddress>;
  /** `IP:PORT` of a server that is asked for names outside the zones, for reverse names that the zone does not know, and for aliases that lead outside. Default: nobody, such names are REFUSED. */
  readonly forward?: string;
  /** Milliseconds that server has for an answer. Default 3000. */
  readonly forwardTimeoutMs?: number;
  readonly tcpLimits?: TcpLimits;
  readonly log: Log;
  /** Wall clock in milliseconds, for the SOA's serial. Default: the machine's. */
  readonly now?: () => number;
}

export interface DnsServer {
  /** Bound addresses, in the order of `udp`. */
  readonly udpAddresses: readonly ListenAddress[];
  /** Bound addresses, in the order of `tcp`. */
  readonly tcpAddresses: readonly ListenAddress[];
  /** Closes every socket, those that were handed over too, and ends connections. */
  close(): Promise<void>;
}

/** Resolves once everything is bound; if anything cannot be, closes the rest and rejects with the system's error (`code`, `address`, `port`). */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const { zone, log } = options;
  const target = options.forward === undefined ? null : parseForwardTarget(options.forward);
  const forwarder =
    target === null
      ? null
      : new Forwarder({
          target,
          log,
          ...(options.forwardTimeoutMs === undefined ? {} : { timeoutMs: options.forwardTimeoutMs }),
        });
  const now = options.now ?? Date.now;
  const responder = new Responder({ zone, refers: forwarder !== null, nextSerial: () => Math.floor(now() / 1000) });
  const sockets: Socket[] = [];
  const servers: Server[] = [];
  const stops: (() => void)[] = [];
  const close = async () => {
    for (const stop of stops) stop();
    forwarder?.close();
    await Promise.all([...sockets, ...servers].map(closeOne));
  };
  try {
    for (const wanted of toList(options.udp)) {
      const socket = wanted instanceof Socket ? wanted : openSocket(wanted);
      sockets.push(socket);
      await (wanted instanceof Socket ? untilBound(wanted) : bind(socket, wanted));
      stops.push(serveUdp(socket, responder, forwarder, log));
    }
    for (const wanted of toList(options.tcp)) {
      const server = isListenAddress(wanted) ? createServer({ allowHalfOpen: true, noDelay: true }) : wanted;
      servers.push(server);
      await (isListenAddress(wanted) ? listen(server, wanted) : untilListening(wanted));
      stops.push(serveTcp(server, responder, forwarder, log, options.tcpLimits));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { udpAddresses: sockets.map(boundUdp), tcpAddresses: servers.map(boundTcp), close };
}

function openSocket(wanted: ListenAddress): Socket {
  const family = isIP(wanted.address) === 6 ? 6 : 4;
  return createSocket({
    type: family === 6 ? "udp6" : "udp4",
    recvBufferSize: 1024 * 1024,
    // Peers are addresses already; asking the system's resolver about each would cost a turn of the loop.
    lookup: (address, _options, callback) => callback(null, address, family),
  });
}

async function untilBound(socket: Socket): Promise<void> {
  try {
    socket.address();
  } catch {
    await once(socket, "listening");
  }
}

async function untilListening(server: Server): Promise<void> {
  if (!server.listening) await once(server, "listening");
}

async function bind(socket: Socket, wanted: ListenAddress): Promise<void> {
  const listening = once(socket, "listening");
  socket.bind({ port: wanted.port, address: wanted.address, exclusive: true });
  await listening;
}

async function listen(server: Server, wanted: ListenAddress): Promise<void> {
  const listening = once(server, "listening");
  server.listen({ port: wanted.port, host: wanted.address, exclusive: true });
  await listening;
}

function closeOne(opened: Socket | Server): Promise<void> {
  return new Promise((resolve) => {
    try {
      opened.close(() => resolve());
    } catch {
      // It was closed already, or never opened.
      resolve();
    }
  });
}

function boundUdp(socket: Socket): ListenAddress {
  const { address, port } = socket.address();
  return { address, port };
}

function boundTcp(server: Server): ListenAddress {
  const { address, port } = server.address() as AddressInfo;
  return { address, port };
}

function isListenAddress(wanted: Server | ListenAddress): wanted is ListenAddress {
  return "port" in wanted;
}

function toList<T extends object>(wanted: OneOrMore<T> | undefined): readonly T[] {
  return wanted === undefined ? [] : Array.isArray(wanted) ? (wanted as readonly T[]) : [wanted as T];
}
