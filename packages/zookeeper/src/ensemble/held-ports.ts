import {
  type Clock,
  type Connection,
  type Disk,
  type DiskFile,
  type Listener,
  type Net,
  type NetAddress,
  type Resolver,
  StallableConnection,
} from "@ordinal/io";

import type { Http, HttpListener } from "../server/http/http-port.ts";
import type { ServerPorts } from "../server/server.ts";
import type { SecureNet } from "../server/tls/secure-net.ts";

/**
 * The ports of one life of a server in a process that it shares. Everything that a server does answers something that a port tells it:
 * while they are held it stands still as a stopped process does, and once they are ended nothing of it goes on, as after `kill -9`.
 */
export class HeldPorts {
  readonly ports: ServerPorts;
  #isHeld = false;
  #isOver = false;
  readonly #held: (() => void)[] = [];
  readonly #connections = new Set<StallableConnection>();
  readonly #closers = new Set<() => Promise<void>>();
  readonly #cancels = new Set<() => void>();
  /** What the machine is doing for the server: ended only after it, so that the next life finds its files at rest. */
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(ports: ServerPorts) {
    this.ports = {
      net: this.#net(ports.net),
      clock: this.#clock(ports.clock),
      random: ports.random,
      disk: this.#disk(ports.disk),
      resolver: this.#resolver(ports.resolver),
      ...(ports.secureNet && { secureNet: this.#secureNet(ports.secureNet) }),
      ...(ports.http && { http: this.#http(ports.http) }),
    };
  }

  hold(): void {
    this.#isHeld = true;
    for (const connection of this.#connections) connection.stall();
  }

  release(): void {
    if (this.#isOver) return;
    this.#isHeld = false;
    for (const connection of this.#connections) connection.unstall();
    while (!this.#isHeld && this.#held.length > 0) this.#held.shift()?.();
  }

  /** Resets all connections and closes all listeners and files; resolves when the machine does nothing more for the server. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#held.length = 0;
    for (const cancel of this.#cancels) cancel();
    for (const connection of this.#connections) connection.discard();
    await Promise.allSettled(this.#underWay);
    await Promise.allSettled([...this.#closers].map((close) => close()));
  }

  /** Has the server hear of something: now, when it is released, or never. */
  #tell(news: () => void): void {
    if (this.#isOver) return;
    if (this.#isHeld) this.#held.push(news);
    else news();
  }

  /** Does something of the machine's for the server; never settles once this life is over. */
  #pass<T>(work: () => Promise<T>, undo?: (value: T) => unknown): Promise<T> {
    if (this.#isOver) return new Promise(() => {});
    const promise = work();
    const done = promise.then(
      async (value) => void (this.#isOver && undo !== undefined && (await undo(value))),
      () => undefined,
    );
    this.#underWay.add(done);
    void done.finally(() => this.#underWay.delete(done));
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.#tell(() => resolve(value)),
        (error: unknown) => this.#tell(() => reject(error as Error)),
      );
    });
  }

  #wrap(inner: Connection): StallableConnection {
    const connection = new StallableConnection(inner, this.#isHeld, (over) => this.#connections.delete(over));
    this.#connections.add(connection);
    return connection;
  }

  #accepting(accept: (connection: StallableConnection) => void): (inner: Connection) => void {
    return (inner) => {
      if (this.#isOver) {
        inner.destroy();
        return;
      }
      const connection = this.#wrap(inner);
      this.#tell(() => accept(connection));
    };
  }

  async #listening<T extends { close(): Promise<void> }>(open: () => Promise<T>): Promise<T> {
    const listener = await this.#pass(open, (unwanted) => unwanted.close());
    const close = (): Promise<void> => {
      this.#closers.delete(close);
      return listener.close();
    };
    this.#closers.add(close);
    return new Proxy(listener, {
      get: (target, name) => (name === "close" ? close : Reflect.get(target, name, target)),
    });
  }

  #net(net: Net): Net {
    return {
      listen: (address, accept): Promise<Listener> =>
        this.#listening(() => net.listen(address, this.#accepting(accept))),
      connect: async (address, options) => {
        const inner = await this.#pass(
          () => net.connect(address, options),
          (unwanted) => unwanted.destroy(),
        );
        return this.#wrap(inner);
      },
    };
  }

  #secureNet(net: SecureNet): SecureNet {
    return {
      listen: (address, settings, accept, refused) =>
        this.#listening(() =>
          net.listen(
            address,
            settings,
            (inner, peer) => this.#accepting((connection) => accept(connection, peer))(inner),
            (remote: NetAddress, error) => this.#tell(() => refused(remote, error)),
          ),
        ),
    };
  }

  #http(http: Http): Http {
    return {
      listen: (address, answer): Promise<HttpListener> =>
        this.#listening(() =>
          http.listen(address, async (request) => {
            await new Promise<void>((resolve) => this.#tell(resolve));
            return answer(request);
          }),
        ),
    };
  }

  #clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      atEndOfTurn: (callback) => clock.atEndOfTurn(() => this.#tell(callback)),
      setTimer: (delayMs, callback) => {
        let isCancelled = this.#isOver;
        if (isCancelled) return { cancel: () => undefined };
        const timer = clock.setTimer(delayMs, () => {
          this.#cancels.delete(cancel);
          this.#tell(() => void (isCancelled || callback()));
        });
        const cancel = (): void => {
          isCancelled = true;
          timer.cancel();
          this.#cancels.delete(cancel);
        };
        this.#cancels.add(cancel);
        return { cancel };
      },
    };
  }

  #resolver(resolver: Resolver): Resolver {
    return { resolve: (name) => this.#pass(() => resolver.resolve(name)) };
  }

  #disk(disk: Disk): Disk {
    return {
      open: async (path, mode) => {
        const file = await this.#pass(
          () => disk.open(path, mode),
          (unwanted) => unwanted.close(),
        );
        return this.#file(file);
      },
      rename: (from, to) => this.#pass(() => disk.rename(from, to)),
      remove: (path) => this.#pass(() => disk.remove(path)),
      makeDirectory: (path) => this.#pass(() => disk.makeDirectory(path)),
      list: (directory) => this.#pass(() => disk.list(directory)),
      syncDirectory: (path) => this.#pass(() => disk.syncDirectory(path)),
    };
  }

  #file(file: DiskFile): DiskFile {
    const close = (): Promise<void> => {
      this.#closers.delete(close);
      return file.close();
    };
    this.#closers.add(close);
    return {
      size: () => this.#pass(() => file.size()),
      modifiedMs: () => this.#pass(() => file.modifiedMs()),
      read: (position, length) => this.#pass(() => file.read(position, length)),
      append: (bytes) => this.#pass(() => file.append(bytes)),
      write: (position, bytes) => this.#pass(() => file.write(position, bytes)),
      truncate: (size) => this.#pass(() => file.truncate(size)),
      sync: () => this.#pass(() => file.sync()),
      close: () => this.#pass(close),
    };
  }
}
