// The words of pkg/controller/statefulset/stateful_pod_control.go of Kubernetes.
import { subjectOf } from "../event-recorder.ts";
import type { EventNote, Outcome } from "../plan.ts";
import type { StoredStatefulSet } from "../view.ts";

type Verb = "create" | "update" | "delete";

/** Events of doing `verb` to a pod, on the set. */
export function podOutcome(set: StoredStatefulSet, verb: Verb, podName: string): Outcome {
  const what = `${verb} Pod ${podName} in StatefulSet ${set.metadata.name}`;
  return {
    success: {
      about: subjectOf(set),
      type: "Normal",
      reason: `Successful${capitalized(verb)}`,
      message: `${what} successful`,
    },
    failure: [podFailure(set, verb, podName, "")],
  };
}

/** `cause` is continued by the refusal's own words. */
export function podFailure(set: StoredStatefulSet, verb: Verb, podName: string, cause: string): EventNote {
  const message = `${verb} Pod ${podName} in StatefulSet ${set.metadata.name} failed error: ${cause}`;
  return { about: subjectOf(set), type: "Warning", reason: `Failed${capitalized(verb)}`, message };
}

/** Events of creating a claim for a pod: its failure is the pod's failure too. */
export function claimOutcome(set: StoredStatefulSet, verb: Verb, claim: string, podName: string): Outcome {
  const about = subjectOf(set);
  return {
    success: {
      about,
      type: "Normal",
      reason: "SuccessfulCreate",
      message: `create Claim ${claim} Pod ${podName} in StatefulSet ${set.metadata.name} success`,
    },
    failure: [
      {
        about,
        type: "Warning",
        reason: "FailedCreate",
        message: `create Claim ${claim} for Pod ${podName} in StatefulSet ${set.metadata.name} failed error: `,
      },
      podFailure(set, verb, podName, `failed to create PVC ${claim}: `),
    ],
  };
}

function capitalized(verb: Verb): string {
  return `${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;
}
