import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What came from a server: a frame without its length, the end of the connection, or nothing within the time given. */
export type Arrival =
  | { readonly kind: "frame"; readonly bytes: Uint8Array }
  | { readonly kind: "closed" }
  | { readonly kind: "silent" };

/** A socket that knows frames and nothing else, and keeps what came in order. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #arrived: Uint8Array[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    // A reset is an end like any other: which of the two a client sees depends on what lay unread.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  /** The server ended it, or we did. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#socket.write(bytes);
  }

  /** Sends bytes with their length before them. */
  frame(bytes: Uint8Array): void {
    const frame = Buffer.alloc(4 + bytes.length);
    frame.writeInt32BE(bytes.length);
    frame.set(bytes, 4);
    this.write(frame);
  }

  /** The next that comes; everything that came before the end goes before the end. */
  async next(timeoutMs: number): Promise<Arrival> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const bytes = this.#arrived.shift();
      if (bytes !== undefined) return { kind: "frame", bytes };
      if (this.#isClosed) return { kind: "closed" };
      const left = deadline - Date.now();
      if (left <= 0) return { kind: "silent" };
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Bytes that are no whole frame: what four-letter words answer. */
  async text(timeoutMs: number): Promise<string> {
    const arrival = await this.next(timeoutMs);
    if (arrival.kind === "frame") return `a frame ${Buffer.from(arrival.bytes).toString("hex")}`;
    return `${this.#rest.toString("latin1")}${arrival.kind === "silent" ? " (and it stays open)" : ""}`;
  }

  /** Reads text from now on: nothing is taken for a frame. */
  expectText(): void {
    this.#isText = true;
  }
  #isText = false;

  async end(): Promise<void> {
    if (this.#isClosed) return;
    this.#socket.destroy();
    await once(this.#socket, "close");
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (!this.#isText && this.#rest.length >= 4) {
      const length = this.#rest.readInt32BE(0);
      if (length < 0 || this.#rest.length < 4 + length) break;
      this.#arrived.push(this.#rest.subarray(4, 4 + length));
      this.#rest = this.#rest.subarray(4 + length);
    }
    this.#wake();
  }
}
