import type { Clock } from "@ordinal/io";

import type { ClientNet, ClientPorts } from "./client-ports.ts";
import type { ServerAddress } from "./connect-string.ts";
import type { ServerList } from "./server-list.ts";

/** How long between two questions: doubling between these. */
const SEARCH_MIN_MS = 100;
const SEARCH_MAX_MS = 60_000;
const ANSWER_TIMEOUT_MS = 1000;
const ANSWER_BYTES_MAX = 64;

/**
 * Whether the server at this address serves writes, asked by the four-letter word `isro`: one that is down, silent for a
 * second or read-only does not. Source: ClientCnxn.SendThread.pingRwServer.
 */
async function isReadWrite(net: ClientNet, clock: Clock, address: ServerAddress): Promise<boolean> {
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

/** Asks one server after another whether it serves writes, until one does or the search is not wanted any more. */
export function searchReadWrite(search: {
  readonly ports: ClientPorts;
  readonly servers: ServerList;
  readonly isWanted: () => boolean;
  readonly found: (server: ServerAddress) => void;
}): void {
  const { ports, servers, isWanted, found } = search;
  const ask = async (candidate: ServerAddress): Promise<boolean> =>
    await isReadWrite(ports.net, ports.clock, await servers.resolve(candidate));
  const wait = (delayMs: number): void => {
    ports.clock.setTimer(delayMs, () => {
      if (!isWanted()) return;
      const candidate = servers.next();
      void ask(candidate)
        .catch(() => false)
        .then((serves) => {
          if (!isWanted()) return;
          if (serves) found(candidate);
          else wait(Math.min(delayMs * 2, SEARCH_MAX_MS));
        });
    });
  };
  wait(SEARCH_MIN_MS);
}
