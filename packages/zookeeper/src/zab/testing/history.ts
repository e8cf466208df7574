import { Member, QuorumConfig } from "../../config/quorum-config.ts";
import { OpCode } from "../../jute/op-code.ts";
import { makeTxn, type Txn } from "../../jute/txn-records.ts";
import { makeZxid, type Zxid } from "../../jute/zxid.ts";
import type { QuorumPacket } from "../packet.ts";

/** `1:3` is epoch 1, counter 3. */
export function zxid(text: string): Zxid {
  const [epoch, counter] = text.split(":").map(Number);
  return makeZxid(epoch ?? 0, counter ?? 0);
}

export function zxidText(value: number): string {
  return value < 0 ? String(value) : `${Math.floor(value / 2 ** 32)}:${value % 2 ** 32}`;
}

/** A transaction with this zxid. */
export function txn(text: string): Txn {
  const record = { type: OpCode.setData, path: "/a", data: null, version: 1 } as const;
  return makeTxn({ sessionId: 1n, cxid: 1, zxid: zxid(text), timeMs: 1, type: OpCode.setData }, record);
}

export function reconfigTxn(text: string, config: QuorumConfig): Txn {
  const data = new TextEncoder().encode(config.toString());
  const record = { type: OpCode.reconfig, path: "/zookeeper/config", data, version: -1 } as const;
  return makeTxn({ sessionId: 1n, cxid: 1, zxid: zxid(text), timeMs: 1, type: OpCode.reconfig }, record);
}

/** Servers 1 to `voters`, then observers; `hosts` where a server is not at its usual address. */
export function ensemble(voters: readonly number[], version = "0:0", observers: readonly number[] = []): QuorumConfig {
  const members = [...voters, ...observers].map(
    (sid) =>
      new Member({
        sid,
        host: `s${sid}`,
        quorumPort: 2888,
        electionPort: 3888,
        role: voters.includes(sid) ? "participant" : "observer",
      }),
  );
  return new QuorumConfig({ version: zxid(version), members });
}

export function packet(type: number, at: string | Zxid, data: Uint8Array | null = null): QuorumPacket {
  return { type, zxid: typeof at === "string" ? zxid(at) : at, data, authInfo: null };
}
