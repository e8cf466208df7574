import type { Connection, Listener, NetAddress } from "@ordinal/io";

import type { TlsSettings } from "./tls-settings.ts";

/** What a client has shown of itself. */
export interface SecurePeer {
  /** DER; undefined: it showed none, or none that is trusted. */
  readonly certificate: Uint8Array | undefined;
}

/** TLS over TCP, as a port. */
export interface SecureNet {
  /** @param refused a handshake that failed, with the reason */
  listen(
    address: NetAddress,
    settings: TlsSettings,
    accept: (connection: Connection, peer: SecurePeer) => void,
    refused: (remote: NetAddress, error: Error) => void,
  ): Promise<Listener>;
}
