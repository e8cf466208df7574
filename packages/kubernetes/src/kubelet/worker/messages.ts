import type { Image } from "@ordinal/images";
import type { LifecycleHandler, Pod, PodStatus, Probe } from "kubernetes-types/core/v1.d.ts";

export type ProbeKind = "startup" | "liveness" | "readiness";
export type HookKind = "postStart" | "preStop";
export type StopSignal = Image["stopSignal"];

/** What happened to a pod. `container` and `attempt` name one run; answers about an older run are dropped. */
export type Input =
  /** The API object as it is now: labels, annotations, deletionTimestamp change while it runs. */
  | { readonly kind: "pod"; readonly pod: Pod }
  /** The API object is gone, whether it was ready for that or not. */
  | { readonly kind: "removed" }
  | { readonly kind: "sandboxReady"; readonly address: string }
  | {
      readonly kind: "sandboxFailed";
      readonly reason: "FailedMount" | "FailedCreatePodSandBox";
      readonly message: string;
    }
  | { readonly kind: "sandboxStopped" }
  | {
      readonly kind: "imageFound";
      readonly container: string;
      readonly present: boolean;
      readonly pullMs: number;
      readonly imageId: string;
      readonly sizeBytes: number;
      readonly stopSignal: StopSignal;
    }
  | {
      readonly kind: "imageMissing";
      readonly container: string;
      readonly reason: "ErrImagePull" | "InvalidImageName";
      readonly message: string;
    }
  | {
      readonly kind: "started";
      readonly container: string;
      readonly attempt: number;
      readonly id: string;
      readonly startedAt: number;
    }
  | {
      readonly kind: "startFailed";
      readonly container: string;
      readonly attempt: number;
      readonly reason: StartFailure;
      readonly message: string;
    }
  | {
      readonly kind: "exited";
      readonly container: string;
      readonly attempt: number;
      readonly exitCode: number;
      readonly signal?: number;
      readonly message: string;
    }
  | {
      readonly kind: "hookDone";
      readonly hook: HookKind;
      readonly container: string;
      readonly attempt: number;
      readonly error?: string;
    }
  | {
      readonly kind: "probed";
      readonly probe: ProbeKind;
      readonly container: string;
      readonly attempt: number;
      readonly outcome: ProbeOutcome;
    }
  /** Something a container waits for (a ConfigMap, a volume's content) changed. */
  | { readonly kind: "configChanged" }
  | { readonly kind: "tick" };

/** `unknown`: the probe could not be made; it changes nothing. */
export interface ProbeOutcome {
  readonly result: "success" | "failure" | "unknown";
  readonly output: string;
}

/** `RunContainerError` is the runtime's refusal to run the program; the others come before there is a container. */
export type StartFailure = "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError";

/** What is to be done for a pod. */
export type Output =
  /** Volumes, then the sandbox. Answer: sandboxReady or sandboxFailed. */
  | { readonly kind: "createSandbox" }
  /** Answer: sandboxStopped. */
  | { readonly kind: "stopSandbox" }
  /** Answer: imageFound or imageMissing. */
  | { readonly kind: "findImage"; readonly container: string; readonly image: string }
  /** Answer: started, then exited; or startFailed. */
  | { readonly kind: "start"; readonly container: string; readonly attempt: number }
  | { readonly kind: "signal"; readonly container: string; readonly attempt: number; readonly signal: StopSignal }
  /** Answer: hookDone. */
  | {
      readonly kind: "runHook";
      readonly hook: HookKind;
      readonly container: string;
      readonly attempt: number;
      readonly handler: LifecycleHandler;
    }
  /** Answer: probed, within the probe's timeout. */
  | {
      readonly kind: "runProbe";
      readonly probe: ProbeKind;
      readonly container: string;
      readonly attempt: number;
      readonly handler: Probe;
    }
  | {
      readonly kind: "event";
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
      readonly container?: string;
    }
  /** The pod's status as it is now; only the last one matters. */
  | { readonly kind: "status"; readonly status: PodStatus }
  /** Nothing of the pod is left. Once its API object is gone too, all of it is over. */
  | { readonly kind: "finished"; readonly removeObject: boolean };
