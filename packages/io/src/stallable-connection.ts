import type { Connection, NetAddress, Receiver } from "./net.ts";

/**
 * A connection that can be made to stand still, as over a link that drops every packet: nothing arrives, nothing leaves, not even
 * the news that one side has ended it, and what was under way arrives once the link is back.
 */
export class StallableConnection implements Connection {
  readonly #inner: Connection;
  #isStalled: boolean;
  #isOver = false;
  #isPaused = false;
  #receiver: Receiver | undefined;
  /** What the network said meanwhile, in order. */
  readonly #news: (() => void)[] = [];
  /** What was sent meanwhile, and how it was ended, in order; each says whether there is room for more. */
  readonly #outbox: (() => boolean)[] = [];
  /** `send` has said that there is no room, and `drained` is owed. */
  #isFull = false;
  #wake: (() => void)[] = [];
  readonly #onOver: (connection: StallableConnection) => void;

  /** @param onOver called once nothing of the connection is left, here and in the network */
  constructor(inner: Connection, isStalled: boolean, onOver: (connection: StallableConnection) => void) {
    this.#inner = inner;
    this.#isStalled = isStalled;
    this.#onOver = onOver;
  }

  get local(): NetAddress {
    return this.#inner.local;
  }

  get remote(): NetAddress {
    return this.#inner.remote;
  }

  stall(): void {
    if (this.#isStalled) return;
    this.#isStalled = true;
    if (this.#receiver !== undefined) this.#inner.pause();
  }

  /** Hands over what came and sends what was sent. Not from within one of the connection's own methods. */
  unstall(): void {
    if (!this.#isStalled) return;
    this.#isStalled = false;
    let hasRoom = true;
    for (const send of this.#outbox.splice(0)) hasRoom = send() && hasRoom;
    for (const wake of this.#wake.splice(0)) wake();
    if (this.#receiver === undefined) return;
    if (this.#isFull && hasRoom) this.#news.push(() => this.#drained());
    this.#hear();
    if (!this.#isPaused) this.#inner.resume();
  }

  /** Ends it in the network too, stalled or not, without telling anybody here. */
  discard(): void {
    this.#isOver = true;
    this.#outbox.length = 0;
    this.#news.length = 0;
    this.#inner.destroy();
    this.#onOver(this);
  }

  async read(): Promise<Uint8Array | undefined> {
    try {
      const bytes = await this.#inner.read();
      while (this.#isStalled && !this.#isOver) await this.#moved();
      if (this.#isOver) throw broken();
      return bytes;
    } catch (error) {
      while (this.#isStalled && !this.#isOver) await this.#moved();
      throw error;
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    while (this.#isStalled && !this.#isOver) await this.#moved();
    if (this.#isOver) throw broken();
    await this.#inner.write(bytes);
  }

  receive(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#inner.receive({
      data: (bytes) => this.#tell(() => receiver.data(bytes)),
      ended: () => this.#tell(() => receiver.ended()),
      drained: () => this.#tell(() => this.#drained()),
      closed: () => this.#tell(() => this.#closed()),
    });
    if (this.#isStalled) this.#inner.pause();
  }

  #tell(news: () => void): void {
    if (this.#isStalled || this.#news.length > 0) this.#news.push(news);
    else news();
  }

  #hear(): void {
    while (!this.#isStalled && !this.#isPaused) {
      const news = this.#news.shift();
      if (news === undefined) return;
      news();
    }
  }

  #drained(): void {
    this.#isFull = false;
    if (!this.#isOver) this.#receiver?.drained();
  }

  #closed(): void {
    this.#onOver(this);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#receiver?.closed();
  }

  pause(): void {
    this.#isPaused = true;
    this.#inner.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#isStalled) return;
    if (this.#news.length > 0) queueMicrotask(() => this.#hear());
    this.#inner.resume();
  }

  send(bytes: Uint8Array): boolean {
    if (this.#isOver) return true;
    if (!this.#isStalled) return this.#inner.send(bytes);
    this.#isFull = true;
    this.#outbox.push(() => this.#inner.send(bytes));
    return false;
  }

  end(): void {
    this.#leave(() => this.#inner.end());
  }

  close(): void {
    this.#finish(() => this.#inner.close());
  }

  destroy(): void {
    this.#outbox.length = 0;
    this.#finish(() => this.#inner.destroy());
  }

  #leave(action: () => void): void {
    const leave = (): boolean => {
      action();
      return true;
    };
    if (this.#isStalled) this.#outbox.push(leave);
    else leave();
  }

  /** Over for this side at once; the other side hears of it when the link is back. */
  #finish(action: () => void): void {
    this.#leave(() => {
      action();
      if (this.#receiver === undefined) this.#onOver(this); // else the network tells when it is over
    });
    if (!this.#isStalled || this.#isOver) return;
    this.#isOver = true;
    this.#news.length = 0;
    for (const wake of this.#wake.splice(0)) wake();
    queueMicrotask(() => this.#receiver?.closed());
  }

  #moved(): Promise<void> {
    return new Promise((resolve) => void this.#wake.push(resolve));
  }
}

function broken(): Error {
  return Object.assign(new Error("the connection is broken"), { code: "ECONNRESET" });
}
