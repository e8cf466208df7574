import { ProtocolError } from "@ordinal/kit";

import { JuteReader } from "../jute/jute-reader.ts";
import { OpCode } from "../jute/op-code.ts";
import { createMode } from "./create-mode.ts";
import { readCreate, readMulti } from "./write-requests.ts";

// Source: org.apache.zookeeper.server.quorum.QuorumZooKeeperServer.checkUpgradeSession.

/**
 * Whether a request makes an ephemeral, which a local session may not: with `localSessionsUpgradingEnabled` its createSession goes
 * before the request, else the request fails with EphemeralOnLocalSession. What cannot be read needs nothing.
 */
export function needsGlobalSession(type: number, record: Uint8Array): boolean {
  try {
    if (type === OpCode.create || type === OpCode.create2) {
      return isEphemeral(readCreate(new JuteReader(record), false).flags);
    }
    if (type !== OpCode.multi) return false;
    return readMulti(record).some(({ request }) => "flags" in request && isEphemeral(request.flags));
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

function isEphemeral(flags: number): boolean {
  return createMode(flags)?.isEphemeral ?? false;
}
