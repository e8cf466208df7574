import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** One DNS connection by stream: what is written is up to the test, what comes back is taken apart into messages. */
export class StreamClient {
  readonly socket: Socket;
  readonly #messages: Buffer[] = [];
  #received = Buffer.alloc(0);
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      while (this.#received.length >= 2 && this.#received.length >= 2 + this.#received.readUInt16BE(0)) {
        const end = 2 + this.#received.readUInt16BE(0);
        this.#messages.push(this.#received.subarray(2, end));
        this.#received = this.#received.subarray(end);
      }
      this.#wake();
    });
    socket.on("close", () => this.#wake());
    socket.on("error", () => {});
  }

  static async open(port: number): Promise<StreamClient> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    return new StreamClient(socket);
  }

  /** The next messages, or fewer if the connection ends before. */
  async read(count: number): Promise<Buffer[]> {
    while (this.#messages.length < count && !this.socket.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.splice(0, count);
  }
}

export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
