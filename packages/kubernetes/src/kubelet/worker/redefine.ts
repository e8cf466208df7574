/**
 * A pod's containers may get other images while it lives: those that run are killed and started again, whatever the
 * restart policy. As in kubernetes `pkg/kubelet/kuberuntime/kuberuntime_manager.go` (computePodActions, containerChanged).
 */
import type { Container } from "kubernetes-types/core/v1.d.ts";

import { type ContainerRecord, isAlive } from "./container.ts";
import type { Step } from "./state.ts";
import { beginStop } from "./stop.ts";

/** Brings the records in line with what the pod's object says of their images. */
export function followDefinitions(step: Step): void {
  const { worker, now } = step;
  const specs = [...(worker.pod.spec?.initContainers ?? []), ...(worker.pod.spec?.containers ?? [])];
  for (const spec of specs) {
    const container = worker.byName.get(spec.name);
    if (container === undefined || container.spec.image === spec.image) continue;
    if (container.stage === "idle" || container.stage === "exited") adopt(container, spec, now);
    else if (isAlive(container) && container.role !== "init" && container.stopping === undefined) {
      const grace = worker.pod.spec?.terminationGracePeriodSeconds ?? 30;
      beginStop(step, container, grace, `Container ${spec.name} definition changed, will be restarted`);
      container.redefined = true;
    }
  }
}

/** Delays are for what was tried before. */
function adopt(container: ContainerRecord, spec: Container, now: number): void {
  container.spec = spec;
  container.restartBackOff = undefined;
  container.pullBackOff = undefined;
  container.notBefore = Math.min(container.notBefore, now);
}
