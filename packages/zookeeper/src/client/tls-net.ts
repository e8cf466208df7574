import { checkServerIdentity, connect, type PeerCertificate } from "node:tls";

import { CONNECT_TIMEOUT_MS, RealConnection } from "@ordinal/io";

import type { TlsSide } from "../server/tls/tls-settings.ts";
import type { ClientNet } from "./client-ports.ts";

/**
 * The machine's network with TLS over it.
 *
 * @param verifiesHost whether the server's certificate must be for its name or its address. Source: ZKTrustManager.
 */
export function tlsNet(side: TlsSide, verifiesHost: boolean): ClientNet {
  const { key, trusted, minVersion, maxVersion, ciphers } = side;
  return {
    connect({ host, port }, { timeoutMs = CONNECT_TIMEOUT_MS, serverName = host } = {}) {
      return new Promise((resolve, reject) => {
        const socket = connect({
          host,
          port,
          ...(key !== undefined && { key: key.key, cert: key.chain }),
          ...(trusted !== undefined && { ca: [...trusted] }),
          minVersion,
          maxVersion,
          ...(ciphers !== undefined && { ciphers }),
          checkServerIdentity: (_name, certificate) =>
            verifiesHost ? nameProblem([host, serverName], certificate) : undefined,
        });
        const fail = (error: Error): void => {
          clearTimeout(timer);
          socket.destroy();
          reject(error);
        };
        const timer = setTimeout(() => {
          const message = `no TLS connection to ${host}:${port} within ${timeoutMs} ms`;
          fail(Object.assign(new Error(message), { code: "ETIMEDOUT" }));
        }, timeoutMs);
        socket.once("error", fail);
        socket.once("secureConnect", () => {
          clearTimeout(timer);
          socket.off("error", fail);
          resolve(new RealConnection(socket));
        });
      });
    },
  };
}

/** Undefined where the certificate is for one of the names; without other names its common name counts, as in Java. */
function nameProblem(names: readonly string[], certificate: PeerCertificate): Error | undefined {
  const problems = names.map((name) =>
    certificate.subjectaltname === undefined && certificate.subject.CN === name
      ? undefined
      : checkServerIdentity(name, certificate),
  );
  return problems.includes(undefined) ? undefined : problems[0];
}
