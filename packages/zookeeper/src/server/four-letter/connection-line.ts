import { sessionHex, zxidHex } from "../../jute/zxid.ts";
import type { Client } from "../client.ts";
import { operationName } from "../operation-name.ts";

// Source: ServerCnxn (dumpConnectionInfo).

/** One connection as `stat` (brief) and `cons` print it, without a line break. As in the original `lresp` is monotonic time. */
export function connectionLine(connection: Client, isBrief: boolean): string {
  const { stats } = connection;
  let line =
    ` ${connection.remoteText}[${connection.interestOps.toString(16)}]` +
    `(queued=${connection.outstanding},recved=${stats.packetsReceived},sent=${stats.packetsSent}`;
  if (!isBrief && connection.hasSession) {
    line +=
      `,sid=0x${sessionHex(connection.sessionId)},lop=${operationName(stats.lastOperation)}` +
      `,est=${stats.establishedMs},to=${connection.timeoutMs}`;
    if (stats.lastCxid >= 0) line += `,lcxid=0x${stats.lastCxid.toString(16)}`;
    line +=
      `,lzxid=0x${zxidHex(stats.lastZxid)},lresp=${Math.floor(stats.lastResponseMs)},llat=${stats.lastLatencyMs}` +
      `,minlat=${stats.minLatencyMs},avglat=${stats.avgLatencyMs},maxlat=${stats.maxLatencyMs}`;
  }
  return `${line})`;
}
