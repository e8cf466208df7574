/**
 * What servers tell each other during an election, as bytes.
 *
 * Source: FastLeaderElection.buildMsg and Messenger.WorkerReceiver.run.
 */
import { ByteReader, ByteWriter, ProtocolError } from "@ordinal/kit";

import { epochOf, type Zxid } from "../jute/zxid.ts";
import { NONE, UNKNOWN_ZXID, type PeerState, type Vote } from "./vote.ts";

export interface Notification extends Vote {
  readonly state: PeerState;
  /** Of this format: 2 with a configuration, 1 and 0 without. */
  readonly version: number;
  /** The sender's configuration, as text. */
  readonly configText: string | undefined;
}

export const NOTIFICATION_VERSION = 2;
/** Frames on the election port: the original's PACKETMAXSIZE. */
export const NOTIFICATION_BYTES_MAX = 512 * 1024;
/** No ensemble holds so many elections; a round beyond it would stay for ever, since the highest round wins. */
export const ELECTION_EPOCH_MAX = 2 ** 48;

const STATES: readonly PeerState[] = ["looking", "following", "leading", "observing"];
const BYTES_WITHOUT_EPOCH = 28;
const BYTES_WITHOUT_VERSION = 40;
const BYTES_BEFORE_CONFIG = 44;

/** The notification in version 2 of the format, with its length before it. */
export function encodeNotification(notification: Vote & { readonly state: PeerState; configText: string }): Uint8Array {
  const writer = new ByteWriter(4 + NOTIFICATION_BYTES_MAX, 4 + BYTES_BEFORE_CONFIG + notification.configText.length);
  writer.int32(0);
  writer.int32(STATES.indexOf(notification.state));
  writer.int64(BigInt(notification.leader));
  writer.int64(BigInt(notification.zxid));
  writer.int64(BigInt(notification.electionEpoch));
  writer.int64(BigInt(notification.peerEpoch));
  writer.int32(NOTIFICATION_VERSION);
  const lengthAt = writer.length;
  writer.int32(0);
  writer.utf8(notification.configText);
  writer.setUint32(lengthAt, writer.length - lengthAt - 4);
  writer.setUint32(0, writer.length - 4);
  return writer.written();
}

/**
 * @param frame what came between two lengths
 * @returns undefined for a state that nobody knows, which the original leaves out too; throws a `ProtocolError` for what is no
 *   notification
 */
export function decodeNotification(frame: Uint8Array): Notification | undefined {
  if (frame.length < BYTES_WITHOUT_EPOCH) {
    throw new ProtocolError("BAD_NOTIFICATION", `a notification of ${frame.length} bytes`);
  }
  const reader = new ByteReader(frame);
  const state = STATES[reader.int32()];
  const leader = readLong(reader, "leader");
  const zxid = readLong(reader, "zxid") as Zxid;
  const electionEpoch = readLong(reader, "round");
  if (electionEpoch < 0 || electionEpoch > ELECTION_EPOCH_MAX) {
    throw new ProtocolError("BAD_NOTIFICATION", `${electionEpoch} is not a round of elections`);
  }
  const peerEpoch = frame.length === BYTES_WITHOUT_EPOCH ? oldEpoch(zxid) : readLong(reader, "epoch");
  const isOld = frame.length === BYTES_WITHOUT_EPOCH || frame.length === BYTES_WITHOUT_VERSION;
  const version = isOld ? 0 : reader.int32();
  const configText = version > 1 ? Buffer.from(reader.bytes(reader.int32())).toString("utf8") : undefined;
  return state === undefined ? undefined : { leader, zxid, electionEpoch, peerEpoch, state, version, configText };
}

function readLong(reader: ByteReader, what: string): number {
  const value = Number(reader.int64());
  if (value !== NONE && !Number.isSafeInteger(value)) {
    throw new ProtocolError("BAD_NOTIFICATION", `${value} is not a ${what}`);
  }
  return value;
}

function oldEpoch(zxid: Zxid): number {
  return zxid <= UNKNOWN_ZXID ? zxid : epochOf(zxid);
}
