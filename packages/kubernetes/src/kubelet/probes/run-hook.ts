import type { Clock } from "@ordinal/io";
import type { Container, LifecycleHandler } from "kubernetes-types/core/v1.d.ts";

import type { RunningContainer } from "../../runtime/pod-runtime.ts";
import { get, httpUrl } from "./http-probe.ts";
import { runCommand } from "./run-command.ts";
import type { PodPlace } from "./target.ts";

/** Long enough for any grace period; the pod's worker stops waiting long before. */
const HOOK_TIMEOUT_MS = 24 * 3600 * 1000;

/** Runs a lifecycle hook to its end. Answers what went wrong, undefined when nothing did. Agrees with `pkg/kubelet/lifecycle/handlers.go`. */
export async function runHook(
  handler: LifecycleHandler,
  spec: Container,
  podLabel: string,
  container: RunningContainer,
  pod: PodPlace,
  clock: Clock,
): Promise<string | undefined> {
  try {
    if (handler.exec !== undefined) {
      const command = handler.exec.command ?? [];
      const { exitCode, output } = await runCommand(container, command, HOOK_TIMEOUT_MS);
      if (exitCode === 0) return undefined;
      return `Exec lifecycle hook ([${command.join(" ")}]) for Container "${spec.name}" in Pod "${podLabel}" failed - error: command '${command.join(" ")}' exited with ${exitCode}: ${output}, message: ${JSON.stringify(output)}`;
    }
    if (handler.httpGet !== undefined) {
      // Any answer will do: the hook's status code is not looked at.
      await get(
        httpUrl(handler.httpGet, spec, pod),
        handler.httpGet.httpHeaders ?? [],
        AbortSignal.timeout(HOOK_TIMEOUT_MS),
      );
      return undefined;
    }
    if (handler.sleep !== undefined) {
      const { seconds } = handler.sleep;
      await new Promise<void>((resolve) => clock.setTimer(seconds * 1000, resolve));
      return undefined;
    }
    // tcpSocket is accepted by the API and fails here, as in the original.
    return "invalid handler: cannot run handler";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
