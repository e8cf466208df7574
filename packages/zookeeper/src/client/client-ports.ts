import type { Clock, Connection, NetAddress, Random, Resolver } from "@ordinal/io";

/** What a client needs of a connection: `Connection` of the network's port, or one through TLS. */
export type ClientConnection = Pick<Connection, "read" | "write" | "end" | "destroy">;

/** What a client needs of the network: the port itself, or TLS over it. */
export interface ClientNet {
  /** @param options.serverName the host as the connect string names it */
  connect(
    address: NetAddress,
    options?: { readonly timeoutMs?: number; readonly serverName?: string },
  ): Promise<ClientConnection>;
}

export interface ClientPorts {
  readonly net: ClientNet;
  readonly clock: Clock;
  readonly random: Random;
  readonly resolver: Resolver;
}

/** What the session needs of a SASL mechanism. */
export interface SaslMechanism {
  /** The first token, for a server at this address. */
  start(): Uint8Array;
  /** The answer to a server's token; undefined: nothing more to send, it is done. Throws where the server is not to be trusted. */
  next(token: Uint8Array): Uint8Array | undefined;
  readonly isComplete: boolean;
}
