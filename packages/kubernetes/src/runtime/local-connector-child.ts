/** Runs in a pod's network namespace: connects to its localhost and hands the socket to the agent. */
import { connect } from "node:net";

export interface ConnectRequest {
  readonly id: number;
  readonly port: number;
}

/** Comes with the socket, or says why there is none. */
export interface ConnectAnswer {
  readonly id: number;
  readonly error?: string;
}

process.on("disconnect", () => process.exit(0));
process.on("message", ({ id, port }: ConnectRequest) => {
  const answer = (message: ConnectAnswer) => process.send?.(message);
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  // Bytes that arrive before the socket is handed over must stay in the kernel.
  socket.pause();
  const refused = (error: Error) => answer({ id, error: error.message });
  socket.once("error", refused);
  socket.once("connect", () => {
    socket.off("error", refused);
    socket.on("error", () => {});
    process.send?.({ id } satisfies ConnectAnswer, socket, { keepOpen: false });
  });
});
