import type { Readable } from "node:stream";

import type { NodeConnection, PodRef } from "../api/node.ts";
import { StatusError } from "../api/status-error.ts";
import { readContainerLog } from "../runtime/container-log-reader.ts";
import type { RunningContainer } from "../runtime/pod-runtime.ts";
import { runFiles } from "./container-config.ts";
import type { PodContext } from "./pod-context.ts";
import type { PodShell } from "./pod-shell.ts";
import { dialError } from "./probes/dial-error.ts";
import type { ContainerRecord } from "./worker/container.ts";

/** What the API server asks of this kubelet: exec, attach, logs, port-forward, with the original's refusals. */
export function kubeletConnection(shells: ReadonlyMap<string, PodShell>, context: PodContext): NodeConnection {
  const shellOf = (pod: PodRef): PodShell => {
    const shell = shells.get(pod.uid);
    if (shell === undefined) throw new StatusError(404, "NotFound", "pod does not exist");
    return shell;
  };
  const running = (pod: PodRef, name: string): RunningContainer => {
    const shell = shellOf(pod);
    recordOf(shell, pod, name);
    const container = shell.running(name);
    if (container === undefined) throw internal(`unable to upgrade connection: container not found ("${name}")`);
    return container;
  };
  return {
    exec: async (pod, options) => {
      try {
        return await running(pod, options.container).exec(options);
      } catch (error) {
        throw error instanceof StatusError ? error : internal(messageOf(error));
      }
    },
    attach: async (pod, options) => running(pod, options.container).attach(options),
    portForward: async (pod, port) => {
      const { sandbox } = shellOf(pod);
      if (sandbox === undefined) throw internal(`unable to do port forwarding: pod ${pod.name} is not running`);
      try {
        return await sandbox.connectLocal(port);
      } catch (error) {
        const why = dialError(error, "127.0.0.1", port).replace("dial tcp ", "dial tcp4 ");
        throw internal(
          `error forwarding port ${port} to pod ${pod.uid}, uid : failed to connect to localhost:${port} inside namespace of pod ${pod.name}, IPv4: ${why}`,
        );
      }
    },
    logs: async (pod, options): Promise<Readable> => {
      const shell = shellOf(pod);
      const run = runToRead(recordOf(shell, pod, options.container), pod, options.previous);
      const since =
        options.sinceTime === undefined
          ? options.sinceSeconds === undefined
            ? undefined
            : context.clock.now() - options.sinceSeconds * 1000
          : Date.parse(options.sinceTime);
      return readContainerLog(runFiles(shell.pod, options.container, run, context).log, {
        follow: options.follow,
        timestamps: options.timestamps,
        ...(options.tailLines === undefined ? {} : { tailLines: options.tailLines }),
        ...(since === undefined ? {} : { sinceMs: since }),
        ...(options.limitBytes === undefined ? {} : { limitBytes: options.limitBytes }),
      });
    },
  };
}

function recordOf(shell: PodShell, pod: PodRef, name: string): ContainerRecord {
  const record = shell.container(name);
  if (record === undefined)
    throw new StatusError(400, "BadRequest", `container ${name} is not valid for pod ${pod.name}`);
  return record;
}

/** Which run's log is meant (kubernetes `pkg/kubelet/kubelet_pods.go`, validateContainerLogStatus). */
function runToRead(record: ContainerRecord, pod: PodRef, previous: boolean): number {
  const { name } = record.spec;
  const refuse = (words: string) => new StatusError(400, "BadRequest", words);
  const current = record.stage === "running" || record.stage === "postStart" || record.stage === "exited";
  const last = record.ran ? record.attempt : record.attempt - 1;
  if (previous) {
    const run = current ? last - 1 : last;
    if (record.lastState.terminated === undefined || run < 0)
      throw refuse(`previous terminated container "${name}" in pod "${pod.name}" not found`);
    return run;
  }
  if (last >= 0) return last;
  const { reason } = record.waiting;
  if (reason === "ErrImagePull")
    throw refuse(`container "${name}" in pod "${pod.name}" is waiting to start: image can't be pulled`);
  if (reason === "ImagePullBackOff")
    throw refuse(`container "${name}" in pod "${pod.name}" is waiting to start: trying and failing to pull image`);
  throw refuse(`container "${name}" in pod "${pod.name}" is waiting to start: ${reason}`);
}

function internal(message: string): StatusError {
  return new StatusError(500, "InternalError", `Internal error occurred: ${message}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
