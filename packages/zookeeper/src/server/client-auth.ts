import { ProtocolError } from "@ordinal/kit";

import { ErrorCode } from "../jute/error-code.ts";
import { JuteReader } from "../jute/jute-reader.ts";
import type { JuteWriter } from "../jute/jute-writer.ts";
import { readAuthPacket } from "../jute/proto-records.ts";
import { sessionHex, ZERO_ZXID } from "../jute/zxid.ts";
import { beginReply, endReply, writeEmptyReply } from "../processing/reply.ts";
import type { ClientHome } from "./client-home.ts";
import type { Client } from "./client.ts";
import { AUTH_BYTES_MAX, AUTH_IDS_MAX } from "./limits.ts";
import type { SaslExchange } from "./sasl-exchange.ts";

// Source: ZooKeeperServer (processPacket, processSasl).

const ERROR_OFFSET = 16;

/** An auth packet. Writes the reply; false: the connection is to be closed behind it. */
export function answerAuth(
  home: ClientHome,
  client: Client,
  xid: number,
  record: Uint8Array,
  writer: JuteWriter,
): boolean {
  const { scheme, auth } = readAuthPacket(new JuteReader(record));
  const { access, log } = home;
  log.info("auth-packet", { message: `got auth packet ${client.remoteText}` });
  const ids = access.authenticate(scheme, auth, client.facts);
  if (ids !== undefined && client.addAuthInfo(ids)) {
    log.info("auth-success", {
      message: `Session 0x${sessionHex(client.sessionId)}: auth success for scheme ${scheme} and address ${client.remoteText}`,
    });
    writeEmptyReply(writer, xid, ZERO_ZXID, ErrorCode.ok);
    return true;
  }
  home.stats.authFailedCount++;
  const known = access.schemeNames;
  log.warn("auth-failed", {
    message:
      ids !== undefined
        ? `Client ${client.remoteText} has proved more identities than one may have: ${AUTH_IDS_MAX}, ${AUTH_BYTES_MAX} bytes`
        : known.includes(scheme)
          ? `Authentication failed for scheme: ${scheme}`
          : `No authentication provider for scheme: ${scheme} has ${known.map((name) => `${name} `).join("")}`,
  });
  writeEmptyReply(writer, xid, ZERO_ZXID, ErrorCode.authFailed);
  return false;
}

/** A SASL token. Writes the reply; false: the connection is to be closed behind it. */
export function answerSasl(
  exchange: SaslExchange,
  client: Client,
  xid: number,
  record: Uint8Array,
  writer: JuteWriter,
): boolean {
  const token = new JuteReader(record).buffer();
  if (token === null) throw new ProtocolError("NO_TOKEN", "a SASL request without a token");
  let step = exchange.evaluate(token);
  if (step.ids !== undefined && !client.addAuthInfo(step.ids)) step = { error: ErrorCode.authFailed };
  const start = beginReply(writer, xid, ZERO_ZXID);
  writer.buffer(step.token ?? null);
  endReply(writer, start, ErrorCode.ok);
  if (step.error === undefined) return true;
  // As in the original the token's record, a null, comes along with the error.
  writer.setUint32(start + ERROR_OFFSET, step.error >>> 0);
  return false;
}
