import { connect } from "node:net";

import type { Container, TCPSocketAction } from "kubernetes-types/core/v1.d.ts";

import type { ProbeOutcome } from "../worker/messages.ts";
import { dialError } from "./dial-error.ts";
import { type PodPlace, probeAddress } from "./target.ts";

/** Success is a connection that opens in time. */
export function tcpProbe(
  action: TCPSocketAction,
  container: Container,
  pod: PodPlace,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const { host, port } = probeAddress(action, container, pod);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (outcome: ProbeOutcome) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(
      () => done({ result: "failure", output: `dial tcp ${host}:${port}: i/o timeout` }),
      timeoutMs,
    );
    socket.once("connect", () => done({ result: "success", output: "" }));
    socket.on("error", (error) => done({ result: "failure", output: dialError(error, host, port) }));
  });
}
