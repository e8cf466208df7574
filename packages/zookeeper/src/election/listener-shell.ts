import type { Clock, Connection, Listener, Log, Net } from "@ordinal/io";
import { hasCode } from "@ordinal/kit";

import type { AddressBook } from "./address-book-shell.ts";
import type { HostPort } from "./initial-message.ts";

const BIND_RETRY_MS = 1000;

export interface ElectionListenerOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly log: Log;
  readonly book: AddressBook;
  readonly sid: number;
  /** `quorumListenOnAllIPs`. */
  readonly listenOnAllIps: boolean;
  /** How many times to try (`zookeeper.electionPortBindRetry`), 0 for ever. */
  readonly bindTries: number;
  readonly accept: (connection: Connection) => void;
}

/**
 * The listening end of the election port. A name of its own that does not resolve yet (a pod that DNS does not know yet) is looked
 * up until it does; a port that is taken is tried a few times.
 *
 * Source: QuorumCnxManager.Listener.
 */
export class ElectionListener {
  readonly #options: ElectionListenerOptions;
  #listener: Listener | undefined;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(options: ElectionListenerOptions) {
    this.#options = options;
  }

  /** Resolves once it listens, or was closed; rejects with the system's error when it gave up. */
  async open(own: HostPort): Promise<void> {
    const { net, log, accept, bindTries, sid } = this.#options;
    for (let failures = 0; !this.#closed;) {
      const host = await this.#host(own);
      if (host !== undefined) {
        try {
          const listener = await net.listen({ host, port: own.port }, accept);
          if (this.#closed) await listener.close();
          else this.#listener = listener;
          log.info("election-port-listening", { sid, host, port: own.port });
          return;
        } catch (error) {
          failures++;
          log.error("election-port-not-listening", { sid, host, port: own.port, error });
          const mayPass = hasCode(error, "EADDRINUSE") || hasCode(error, "EADDRNOTAVAIL");
          if (!mayPass || failures === bindTries) throw error;
        }
      }
      await this.#pause();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#listener?.close();
    this.#listener = undefined;
  }

  async #host(own: HostPort): Promise<string | undefined> {
    if (this.#options.listenOnAllIps) return "0.0.0.0";
    const [first] = await this.#options.book.find(this.#options.sid, own);
    return first?.host;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(BIND_RETRY_MS, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
