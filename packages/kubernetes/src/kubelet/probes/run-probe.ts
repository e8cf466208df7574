import type { Container, Probe } from "kubernetes-types/core/v1.d.ts";

import type { RunningContainer } from "../../runtime/pod-runtime.ts";
import { goSeconds } from "../worker/back-off.ts";
import type { ProbeOutcome } from "../worker/messages.ts";
import { httpProbe } from "./http-probe.ts";
import { runCommand } from "./run-command.ts";
import type { PodPlace } from "./target.ts";
import { tcpProbe } from "./tcp-probe.ts";

/** Makes one probe. Never rejects: what cannot be tried is `unknown`. */
export async function runProbe(
  probe: Probe,
  spec: Container,
  container: RunningContainer,
  pod: PodPlace,
): Promise<ProbeOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.exec !== undefined) {
      const command = probe.exec.command ?? [];
      const { exitCode, output } = await runCommand(container, command, timeoutMs);
      if (exitCode === undefined)
        return { result: "failure", output: `command "${command.join(" ")}" timed out after ${goSeconds(timeoutMs)}` };
      return { result: exitCode === 0 ? "success" : "failure", output };
    }
    if (probe.httpGet !== undefined) return await httpProbe(probe.httpGet, spec, pod, timeoutMs);
    if (probe.tcpSocket !== undefined) return await tcpProbe(probe.tcpSocket, spec, pod, timeoutMs);
    if (probe.grpc !== undefined)
      return { result: "failure", output: "gRPC probes are not available in this lab; use exec, httpGet or tcpSocket" };
    return { result: "unknown", output: `missing probe handler for ${spec.name}` };
  } catch (error) {
    return { result: "unknown", output: error instanceof Error ? error.message : String(error) };
  }
}
