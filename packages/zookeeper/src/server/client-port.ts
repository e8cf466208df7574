import type { Connection, Listener, Log, Net, NetAddress, Resolver } from "@ordinal/io";

import type { QuorumConfig } from "../config/quorum-config.ts";
import { listenAt } from "./client-listener.ts";
import type { ClientService } from "./client-service.ts";

/** The plain client port, which a reconfiguration may move. Source: NIOServerCnxnFactory.reconfigure. */
export class ClientPort {
  readonly #parts: { readonly net: Net; readonly resolver: Resolver; readonly log: Log };
  readonly #service: ClientService;
  #listener: Listener | undefined;
  #asked: NetAddress | undefined;
  #isClosed = false;
  #moving: Promise<void> = Promise.resolve();

  constructor(parts: { readonly net: Net; readonly resolver: Resolver; readonly log: Log }, service: ClientService) {
    this.#parts = parts;
    this.#service = service;
  }

  get address(): NetAddress | undefined {
    return this.#listener?.address;
  }

  /** Rejects with the system's error where the port cannot be opened. */
  async open(address: NetAddress): Promise<void> {
    this.#asked = address;
    const accept = (connection: Connection): void => this.#service.accept(connection, { isSecure: false });
    const listener = await listenAt(this.#parts, address, (at) => this.#parts.net.listen(at, accept));
    if (this.#isClosed) await listener.close();
    else this.#listener = listener;
  }

  /** A configuration is in force: goes where it says that the clients of `sid` connect to. Those there are stay. */
  follow(config: QuorumConfig, sid: number): void {
    const member = config.members.get(sid);
    if (member?.clientPort === undefined) return;
    const target = { host: member.clientHost ?? this.#asked?.host ?? "0.0.0.0", port: member.clientPort };
    if (target.port === this.#asked?.port && target.host === this.#asked.host) return;
    this.#moving = this.#moving.then(() => this.#move(target));
  }

  async #move(target: NetAddress): Promise<void> {
    if (this.#isClosed) return;
    const old = this.#listener;
    this.#listener = undefined;
    await old?.close();
    try {
      await this.open(target);
    } catch (error) {
      this.#parts.log.error("client-port-not-moved", {
        message: `Error reconfiguring client port to ${target.host}:${target.port}`,
        error,
      });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#moving;
    await this.#listener?.close();
  }
}
