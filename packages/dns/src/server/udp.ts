/** The datagram side of the server. */
import type { Socket } from "node:dgram";

import type { Log } from "@ordinal/io";

import type { Forwarder } from "./forwarder.ts";
import type { Responder } from "./responder.ts";

/** Octets that may wait in a socket whose peers do not take them; answers beyond that are lost, as datagrams may be. */
const SEND_QUEUE_BYTES_MAX = 4 * 1024 * 1024;

/** Answers questions on a bound or binding socket until the returned function is called. Does not close the socket. */
export function serveUdp(socket: Socket, responder: Responder, forwarder: Forwarder | null, log: Log): () => void {
  const send = (message: Buffer, port: number, address: string) => {
    if (socket.getSendQueueSize() > SEND_QUEUE_BYTES_MAX) return;
    try {
      socket.send(message, port, address);
    } catch (error) {
      // A source port of 0, or a socket that closed while a forwarded answer was under way.
      log.debug("dns.udp.not-sent", { address, port, error: String(error) });
    }
  };
  const onMessage = (message: Buffer, remote: { readonly port: number; readonly address: string }) => {
    const response = responder.respond(message, "udp");
    if (response.kind === "answer") send(response.message, remote.port, remote.address);
    else if (response.kind === "refer")
      forwarder?.resolve(response.referral, (answer) => send(answer, remote.port, remote.address));
  };
  const onError = (error: Error) => log.warn("dns.udp.error", { error: String(error) });
  socket.on("message", onMessage);
  socket.on("error", onError);
  return () => {
    socket.off("message", onMessage);
  };
}
