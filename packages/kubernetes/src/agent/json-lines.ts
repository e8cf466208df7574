import type { Socket } from "node:net";

/** Longest line; a command with its arguments fits easily. */
const LINE_BYTES_MAX = 4 * 1024 * 1024;

/** Reads one line of JSON and leaves what follows in the socket. Rejects when the socket ends before or the line is too long. */
export function readJsonLine(socket: Socket): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = () => {
      socket.off("readable", onReadable).off("end", onEnd).off("error", onEnd).off("close", onEnd);
    };
    const onEnd = (error?: unknown) => {
      done();
      reject(error instanceof Error ? error : new Error("the connection to the agent ended"));
    };
    const onReadable = () => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
        const newline = chunk.indexOf(0x0a);
        bytes += chunk.length;
        chunks.push(newline === -1 ? chunk : chunk.subarray(0, newline));
        if (newline === -1 && bytes > LINE_BYTES_MAX) {
          socket.destroy();
          return onEnd();
        }
        if (newline === -1) continue;
        done();
        if (newline + 1 < chunk.length) socket.unshift(chunk.subarray(newline + 1));
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString()));
        } catch (error) {
          reject(error as Error);
        }
        return;
      }
    };
    socket.on("readable", onReadable).on("end", onEnd).on("error", onEnd).on("close", onEnd);
    onReadable();
  });
}

export function writeJsonLine(socket: Socket, value: unknown): void {
  socket.write(`${JSON.stringify(value)}\n`);
}
