/**
 * How containerd and runc say that a program cannot be started. The kubelet puts these words into statuses, events and
 * answers to `kubectl exec`.
 */
export function startFailure(detail: string): Error {
  return new Error(
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: " +
      `unable to start container process: ${inInit(detail)}`,
  );
}

export function execFailure(detail: string): Error {
  return new Error(`OCI runtime exec failed: exec failed: unable to start container process: ${detail}: unknown`);
}

function inInit(detail: string): string {
  return detail.startsWith("exec: ") ? `error during container init: ${detail}: unknown` : `${detail}: unknown`;
}
