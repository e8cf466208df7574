import type { ConnectRequest } from "../jute/proto-records.ts";
import { sessionHex, zxidHex, type Zxid } from "../jute/zxid.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import type { ClientLimits } from "./limits.ts";

// Source: ZooKeeperServer.processConnectRequest.

export interface ServerFacts {
  readonly isReadOnly: boolean;
  readonly lastProcessedZxid: Zxid;
}

export type Negotiated =
  | { readonly kind: "accepted"; readonly timeoutMs: number }
  | {
      readonly kind: "refused";
      readonly reason: DisconnectReason;
      /** For the log; the client is told nothing and tries another server. */
      message(client: string): string;
    };

/** Whether this server may take the client, and the session's timeout. */
export function negotiate(request: ConnectRequest, server: ServerFacts, limits: ClientLimits): Negotiated {
  if (server.isReadOnly && request.readOnly !== true) {
    return {
      kind: "refused",
      reason: "not_read_only_client",
      message: (client) => `Refusing session request for not-read-only client ${client}`,
    };
  }
  if (request.lastZxidSeen > server.lastProcessedZxid) {
    return {
      kind: "refused",
      reason: "client_zxid_ahead",
      message: (client) =>
        `Refusing session(0x${sessionHex(request.sessionId)}) request for client ${client} as it has seen zxid 0x${zxidHex(request.lastZxidSeen)}` +
        ` our last zxid is 0x${zxidHex(server.lastProcessedZxid)} client must try another server`,
    };
  }
  const { minSessionTimeoutMs, maxSessionTimeoutMs } = limits;
  const timeoutMs = Math.min(Math.max(request.timeoutMs, minSessionTimeoutMs), maxSessionTimeoutMs);
  return { kind: "accepted", timeoutMs };
}
