import type { Connection, Disk, Listener, NetAddress, Resolver } from "@ordinal/io";
import { RefusedError } from "@ordinal/kit";

import type { SystemProperties } from "../../config/system-properties.ts";
import { listenAt } from "../client-listener.ts";
import type { ClientService } from "../client-service.ts";
import { javaSocketAddress } from "../java-address.ts";
import { subjectName } from "./distinguished-name.ts";
import type { SecureNet, SecurePeer } from "./secure-net.ts";
import { loadTlsSettings } from "./tls-settings.ts";

// Source: org.apache.zookeeper.server.NettyServerCnxnFactory (CertificateVerifier).

interface SecurePortParts {
  readonly secureNet?: SecureNet;
  readonly disk: Disk;
  readonly resolver: Resolver;
  readonly properties: SystemProperties;
  readonly service: ClientService;
}

/**
 * Opens the port for clients that come with TLS. Who shows a certificate that is trusted has its subject as an id of the scheme
 * `x509` from the start. A `RefusedError` says what is wrong with the `ssl.*` settings.
 */
export async function openSecureClientPort(parts: SecurePortParts, address: NetAddress): Promise<Listener> {
  const { secureNet, disk, resolver, properties, service } = parts;
  if (secureNet === undefined) throw new RefusedError("NOT_SUPPORTED", "there is no TLS here for secureClientPort");
  const settings = await loadTlsSettings(disk, properties);
  const accept = (connection: Connection, { certificate }: SecurePeer): void => {
    const certificateSubject = certificate === undefined ? undefined : subjectName(certificate);
    service.accept(connection, { isSecure: true, certificateSubject });
  };
  const refused = (remote: NetAddress, error: Error): void => {
    service.metrics.unsuccessfulHandshake.add(1);
    service.log.error("handshake-failed", {
      message: `Unsuccessful handshake with session 0x0 from ${javaSocketAddress(remote)}: ${error.message}`,
    });
  };
  return listenAt({ resolver, log: service.log }, address, (at) => secureNet.listen(at, settings, accept, refused));
}
