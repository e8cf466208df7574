import { isRecord } from "../kinds/json-record.ts";
import type { Kind } from "../kinds/kind.ts";
import type { KubeObject } from "./object.ts";
import { badRequest, conflict, invalid } from "./refusals.ts";
import type { WriteOptions } from "./request-options.ts";
import type { WritePipeline, Written } from "./write-pipeline.ts";

interface PodParts {
  spec: { nodeName?: string };
  status?: { conditions?: { type: string; status: string; lastTransitionTime?: string; lastProbeTime?: null }[] };
}

/** Gives a pod its node. Throws 409 when it has one or is being deleted. */
export function bindPod(
  pipeline: WritePipeline,
  kind: Kind,
  namespace: string,
  name: string,
  binding: unknown,
  options: WriteOptions,
): Written {
  if (!isRecord(binding)) throw badRequest("the binding is not an object");
  const target = isRecord(binding["target"]) ? binding["target"] : {};
  const node = target["name"];
  if (typeof node !== "string" || node === "") {
    throw invalid({ group: "", kind: "Binding" }, name, [{ kind: "Required value", path: "target.name" }]);
  }
  const old = pipeline.current(kind, namespace, name);
  const subject = { ...kind, resource: "pods/binding" };
  const { metadata } = binding;
  const uid = isRecord(metadata) ? metadata["uid"] : undefined;
  if (typeof uid === "string" && uid !== "" && uid !== old.metadata.uid) {
    throw conflict(
      subject,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  if (old.metadata.deletionTimestamp != null) {
    throw conflict(subject, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  const object = structuredClone(old) as KubeObject & PodParts;
  if ((object.spec.nodeName ?? "") !== "") {
    throw conflict(subject, name, `pod ${name} is already assigned to node "${object.spec.nodeName}"`);
  }
  object.spec.nodeName = node;
  const conditions = (object.status?.conditions ?? []).filter((condition) => condition.type !== "PodScheduled");
  const scheduled = {
    type: "PodScheduled",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: pipeline.timestamp(),
  };
  object.status = { ...object.status, conditions: [...conditions, scheduled] };
  return pipeline.commitPrepared(kind, old, object, options);
}
