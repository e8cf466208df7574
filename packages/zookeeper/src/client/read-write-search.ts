import type { Clock } from "@ordinal/io";

import type { ClientNet } from "./client-ports.ts";
import type { ServerAddress } from "./connect-string.ts";

const ANSWER_TIMEOUT_MS = 1000;
const ANSWER_BYTES_MAX = 64;

/**
 * Whether the server at this address serves writes, asked by the four-letter word `isro`: one that is down, silent for a
 * second or read-only does not. Source: ClientCnxn.SendThread.pingRwServer.
 */
export async function isReadWrite(net: ClientNet, clock: Clock, address: ServerAddress): Promise<boolean> {
  const connection = await net.connect(address, { timeoutMs: ANSWER_TIMEOUT_MS });
  const timer = clock.setTimer(ANSWER_TIMEOUT_MS, () => connection.destroy());
  try {
    await connection.write(Buffer.from("isro"));
    let answer = "";
    while (answer.length < ANSWER_BYTES_MAX) {
      const chunk = await connection.read();
      if (chunk === undefined) break;
      answer += Buffer.from(chunk).toString("latin1");
    }
    return answer.split("\n")[0]?.trim() === "rw";
  } finally {
    timer.cancel();
    connection.destroy();
  }
}
