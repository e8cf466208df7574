import { OpCode, SpecialXid } from "../../../packages/zookeeper/src/jute/op-code.ts";
import { RawConnection } from "./raw-connection.ts";
import { record } from "./requests.ts";
import { connectFrame } from "./stage.ts";

const WAKE_MS = 50;
const HANDSHAKE_MS = 5000;

/**
 * Members of ensembles before 3.8.1 may sleep over the last commit until another request comes (ZOOKEEPER-4537). Sessions of
 * their own, which only ping, wake them; pings leave nothing behind.
 */
export class Wakers {
  readonly #connections: readonly RawConnection[];
  readonly #timer: NodeJS.Timeout;

  private constructor(connections: readonly RawConnection[]) {
    this.#connections = connections;
    const ping = record((to) => {
      to.int32(SpecialXid.ping);
      to.int32(OpCode.ping);
    });
    this.#timer = setInterval(() => {
      for (const connection of connections) connection.frame(ping);
    }, WAKE_MS);
  }

  static async open(ports: readonly number[]): Promise<Wakers> {
    const connections: RawConnection[] = [];
    for (const port of ports) {
      // The second one wakes a server that sleeps over the session of the first.
      const pair = [await RawConnection.open(port), await RawConnection.open(port)];
      for (const connection of pair) connection.frame(connectFrame({ timeoutMs: 40_000 }));
      for (const connection of pair) await connection.next(HANDSHAKE_MS);
      connections.push(...pair);
    }
    return new Wakers(connections);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const connection of this.#connections) await connection.end();
  }
}
