import { once } from "node:events";
import type { AddressInfo } from "node:net";

import { RealConnection } from "@ordinal/io";

import type { SecureNet } from "./secure-net.ts";

const HANDSHAKE_MS = 10_000;

/** The machine's network with Node's TLS. */
export const realSecureNet: SecureNet = {
  async listen({ host, port }, settings, accept, refused) {
    const { createServer } = await import("node:tls"); // a server without a secure port does not pay for it
    const { key, trusted, clientAuth, minVersion, maxVersion, ciphers } = settings;
    const server = createServer(
      {
        key: key.key,
        cert: key.chain,
        ...(trusted !== undefined && { ca: [...trusted] }),
        requestCert: clientAuth !== "none",
        rejectUnauthorized: clientAuth === "need",
        minVersion,
        maxVersion,
        ...(ciphers !== undefined && { ciphers }),
        handshakeTimeout: HANDSHAKE_MS,
        allowHalfOpen: true,
      },
      (socket) => {
        const raw = socket.authorized ? socket.getPeerCertificate().raw : undefined;
        accept(new RealConnection(socket), { certificate: raw });
      },
    );
    server.on("tlsClientError", (error, socket) => {
      refused({ host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 }, error);
      socket.destroy();
    });
    server.listen({ host, port });
    await once(server, "listening"); // rejects with what "error" tells
    server.on("error", () => {}); // one connection's; the listener goes on
    const address = server.address() as AddressInfo;
    return {
      address: { host: address.address, port: address.port },
      close() {
        server.close();
        return Promise.resolve();
      },
    };
  },
};
