import type { Disk, Log } from "@ordinal/io";
import { hasCode, RefusedError } from "@ordinal/kit";

import { EPOCH_MAX, epochOf, type Zxid, zxidHex } from "../jute/zxid.ts";
import { readTextFile, TMP_EXTENSION, writeFileAtomically } from "./atomic-file.ts";

const CURRENT_EPOCH = "currentEpoch";
const ACCEPTED_EPOCH = "acceptedEpoch";

/**
 * The epochs that a server promised: `acceptedEpoch` not to follow an older leader, `currentEpoch` whose history it has.
 *
 * Source: org.apache.zookeeper.server.quorum.QuorumPeer.loadDataBase, writeLongToFile.
 */
export class Epochs {
  readonly #disk: Disk;
  readonly #folder: string;
  #accepted: number;
  #current: number;

  private constructor(disk: Disk, folder: string, accepted: number, current: number) {
    this.#disk = disk;
    this.#folder = folder;
    this.#accepted = accepted;
    this.#current = current;
  }

  /** Reads both, and the epoch of `lastZxid` where there is no file. Refuses what contradicts itself. */
  static async open(disk: Disk, folder: string, lastZxid: Zxid, log: Log): Promise<Epochs> {
    const epochOfZxid = Math.max(0, epochOf(lastZxid));
    let current = (await readEpoch(disk, `${folder}/${CURRENT_EPOCH}`)) ?? epochOfZxid;
    const accepted = (await readEpoch(disk, `${folder}/${ACCEPTED_EPOCH}`)) ?? Math.max(epochOfZxid, current);
    let isRepaired = false;
    if (epochOfZxid > current && epochOfZxid <= accepted) {
      // The process ended after it had a leader's history on disk and before it wrote that leader's epoch, which it had accepted.
      // The original refuses to start then. What is here is the beginning of that history, so its last epoch is this server's.
      log.info("current-epoch-behind", { folder, epoch: current, accepted, zxid: `0x${zxidHex(lastZxid)}` });
      current = epochOfZxid;
      isRepaired = true;
    } else if (epochOfZxid > current) {
      // The process ended between writing the new epoch and giving the file its name.
      const temporary = await readEpoch(disk, `${folder}/${CURRENT_EPOCH}${TMP_EXTENSION}`);
      if (temporary === undefined || temporary < epochOfZxid) {
        throw new RefusedError(
          "EPOCH_TOO_OLD",
          `The current epoch, ${current}, in ${folder}/${CURRENT_EPOCH} is older than the last zxid, 0x${zxidHex(lastZxid)}. ` +
            "The file is not of these logs: restore it, or move the server's data away so that it takes everything from the leader.",
        );
      }
      log.info("current-epoch-found", { file: `${folder}/${CURRENT_EPOCH}${TMP_EXTENSION}`, epoch: temporary });
      current = temporary;
      isRepaired = true;
    }
    if (accepted < current) {
      throw new RefusedError(
        "EPOCH_TOO_OLD",
        `The accepted epoch, ${accepted} is less than the current epoch, ${current} (${folder}). ` +
          "Restore both files from the same copy, or move the server's data away so that it takes everything from the leader.",
      );
    }
    const epochs = new Epochs(disk, folder, accepted, current);
    if (isRepaired) await epochs.setCurrent(current);
    return epochs;
  }

  get accepted(): number {
    return this.#accepted;
  }

  get current(): number {
    return this.#current;
  }

  /** The file first: who asks meanwhile hears the old one. */
  async setAccepted(epoch: number): Promise<void> {
    await writeFileAtomically(this.#disk, `${this.#folder}/${ACCEPTED_EPOCH}`, String(epoch));
    this.#accepted = epoch;
  }

  async setCurrent(epoch: number): Promise<void> {
    await writeFileAtomically(this.#disk, `${this.#folder}/${CURRENT_EPOCH}`, String(epoch));
    this.#current = epoch;
  }
}

async function readEpoch(disk: Disk, path: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readTextFile(disk, path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const line = text.split("\n", 1)[0] ?? "";
  const epoch = Number(line);
  if (!/^\d{1,10}$/.test(line) || epoch > EPOCH_MAX) {
    throw new RefusedError("BAD_EPOCH", `Found ${JSON.stringify(line.slice(0, 40))} in ${path}, which is no epoch`);
  }
  return epoch;
}
