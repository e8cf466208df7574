import { sessionHex, zxidHex } from "../../jute/zxid.ts";
import type { Client } from "../client.ts";
import { operationName } from "../operation-name.ts";

// Source: ServerCnxn (dumpConnectionInfo).

/** One connection as `stat` (brief) and `cons` print it, without a line break. @param monotonicToWallMs wall minus monotonic */
export function connectionLine(connection: Client, isBrief: boolean, monotonicToWallMs: number): string {
  const { stats } = connection;
  let line =
    ` ${connection.remoteText}[${connection.interestOps.toString(16)}]` +
    `(queued=${connection.outstanding},recved=${stats.packetsReceived},sent=${stats.packetsSent}`;
  if (!isBrief && connection.hasSession) {
    line +=
      `,sid=0x${sessionHex(connection.sessionId)},lop=${operationName(stats.lastOperation)}` +
      `,est=${stats.establishedMs},to=${connection.timeoutMs}`;
    if (stats.lastCxid >= 0) line += `,lcxid=0x${stats.lastCxid.toString(16)}`;
    const respondedMs = stats.lastResponseMs === 0 ? 0 : Math.floor(stats.lastResponseMs + monotonicToWallMs);
    line +=
      `,lzxid=0x${zxidHex(stats.lastZxid)},lresp=${respondedMs},llat=${stats.lastLatencyMs}` +
      `,minlat=${stats.minLatencyMs},avglat=${stats.avgLatencyMs},maxlat=${stats.maxLatencyMs}`;
  }
  return `${line})`;
}
