import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";

import { defaultPodTemplateSpec } from "./pod-template.ts";

// SetDefaults_Pod of the original: what a pod gets beyond a template's defaults.

export function defaultPod(pod: Pod): void {
  const { spec, status } = pod;
  if (spec === undefined) return;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    requestLimits(container);
    if (spec.hostNetwork !== true) continue;
    for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
  }
  spec.enableServiceLinks ??= true;
  defaultPodTemplateSpec(spec);
  if (status === undefined) return;
  // The list and its first address are two forms of one field; the older one wins.
  const first = status.podIPs?.[0]?.ip;
  if (status.podIP !== undefined && first !== status.podIP) status.podIPs = [{ ip: status.podIP }];
  else if (first !== undefined) status.podIP = first;
}

/** Who names a limit and no request asks for the limit. */
function requestLimits(container: Container): void {
  const { resources } = container;
  if (resources?.limits === undefined) return;
  resources.requests = { ...resources.limits, ...resources.requests };
}
