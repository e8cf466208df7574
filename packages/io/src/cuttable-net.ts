import type { Clock } from "./clock.ts";
import { CONNECT_TIMEOUT_MS, type Connection, type Listener, type Net, type NetAddress } from "./net.ts";
import { StallableConnection } from "./stallable-connection.ts";

/**
 * A network whose links to given peers can be cut, as a partition does: their connections stand still, new ones are not
 * answered, until the cut is healed. It is about connections that are made here. Of two servers each connection is made by one,
 * so both are to be told of a cut between them; connections that are accepted, those of clients, are never touched.
 */
export class CuttableNet implements Net {
  readonly #net: Net;
  readonly #clock: Clock;
  readonly #connections = new Map<StallableConnection, NetAddress>();
  #cut: ReadonlySet<string> = new Set();
  readonly #waiting = new Set<() => void>();

  constructor(net: Net, clock: Clock) {
    this.#net = net;
    this.#clock = clock;
  }

  /** What is cut now. */
  get cutAddresses(): readonly string[] {
    return [...this.#cut];
  }

  /**
   * From now on these are cut, and no others: all is healed where there are none.
   *
   * @param addresses `HOST:PORT`, or `HOST` for all its ports; the addresses that are connected to, not names
   */
  cut(addresses: Iterable<string>): void {
    this.#cut = new Set(addresses);
    for (const [connection, address] of this.#connections) {
      if (this.#isCut(address)) connection.stall();
      else connection.unstall();
    }
    for (const look of this.#waiting) look();
  }

  #isCut({ host, port }: NetAddress): boolean {
    return this.#cut.has(host) || this.#cut.has(`${host}:${port}`);
  }

  listen(address: NetAddress, accept: (connection: Connection) => void): Promise<Listener> {
    return this.#net.listen(address, accept);
  }

  async connect(address: NetAddress, options: { readonly timeoutMs?: number } = {}): Promise<Connection> {
    const { timeoutMs = CONNECT_TIMEOUT_MS } = options;
    const deadlineMs = this.#clock.monotonic() + timeoutMs;
    if (this.#isCut(address)) await this.#healed(address, timeoutMs);
    const leftMs = Math.max(1, deadlineMs - this.#clock.monotonic());
    const inner = await this.#net.connect(address, { timeoutMs: leftMs });
    const connection = new StallableConnection(inner, this.#isCut(address), (over) => this.#connections.delete(over));
    this.#connections.set(connection, address);
    return connection;
  }

  #healed(address: NetAddress, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#isCut(address)) return;
        timer.cancel();
        this.#waiting.delete(look);
        resolve();
      };
      const timer = this.#clock.setTimer(timeoutMs, () => {
        this.#waiting.delete(look);
        const message = `no answer from ${address.host}:${address.port} within ${timeoutMs} ms`;
        reject(Object.assign(new Error(message), { code: "ETIMEDOUT" }));
      });
      this.#waiting.add(look);
    });
  }
}
