import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";

/** A port that was asked for cannot be had. */
export class PortError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PortError";
  }
}

export interface HeldPort {
  readonly port: number;
  readonly tcp: Server;
  /** Bound when asked for. */
  readonly udp: Socket | undefined;
  close(): void;
}

export interface PortWish {
  /** Asked for by the user: taken means an error. */
  readonly wanted: number | undefined;
  /** What the home's last lab had, so that a kubeconfig in someone's shell stays right. */
  readonly previous: number | undefined;
  readonly fallback: number;
  readonly udp: boolean;
}

const ADDRESS = "127.0.0.1";
/** How far above the fallback a free port is looked for: as many labs beside each other. */
const TRIES = 200;

/** Listens on 127.0.0.1 at the port of the wish, or at the next free one where nobody insists. Keeps it until closed. */
export async function choosePort(what: string, wish: PortWish): Promise<HeldPort> {
  if (wish.wanted !== undefined) {
    const held = await hold(wish.wanted, wish.udp);
    if (typeof held !== "string") return held;
    const remedy =
      held === "EACCES"
        ? "Ports below 1024 need rights; choose a higher one"
        : "Stop what listens there, or choose another";
    throw new PortError(
      `Port ${wish.wanted} of 127.0.0.1 cannot be used for the ${what}: ${held === "EACCES" ? "permission denied" : "it is taken"}. ${remedy} (--${what === "DNS" ? "dns-" : ""}port N).`,
    );
  }
  const candidates = [
    ...(wish.previous === undefined ? [] : [wish.previous]),
    ...Array.from({ length: TRIES }, (_, index) => wish.fallback + index),
  ];
  for (const candidate of candidates) {
    const held = await hold(candidate, wish.udp);
    if (typeof held !== "string") return held;
  }
  throw new PortError(
    `No port from ${wish.fallback} to ${wish.fallback + TRIES - 1} is free on 127.0.0.1 for the ${what}. Name one with --${what === "DNS" ? "dns-" : ""}port N.`,
  );
}

/** TCP, and UDP with it when asked; the error code when either is refused. */
async function hold(port: number, withUdp: boolean): Promise<HeldPort | string> {
  const tcp = await listen(port);
  if (typeof tcp === "string") return tcp;
  const udp = withUdp ? await bind(port) : undefined;
  if (typeof udp === "string") {
    tcp.close();
    return udp;
  }
  return {
    port,
    tcp,
    udp,
    close() {
      tcp.close();
      try {
        udp?.close();
      } catch {
        // It was handed over and is closed already.
      }
    },
  };
}

function listen(port: number): Promise<Server | string> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    // A client of an earlier lab may come back before this one serves the port. Accepted and never answered it would wait
    // for its own timeout, and the lab at its stop for that connection.
    server.on("connection", (socket) => {
      if (server.listenerCount("connection") === 1) socket.destroy();
    });
    server.once("error", (error: NodeJS.ErrnoException) => refused(error, resolve, reject));
    server.listen({ host: ADDRESS, port }, () => resolve(server));
  });
}

function bind(port: number): Promise<Socket | string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.once("error", (error: NodeJS.ErrnoException) => refused(error, resolve, reject));
    socket.bind({ address: ADDRESS, port }, () => resolve(socket));
  });
}

function refused(error: NodeJS.ErrnoException, resolve: (code: string) => void, reject: (error: Error) => void): void {
  if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(error.code);
  else reject(error);
}
