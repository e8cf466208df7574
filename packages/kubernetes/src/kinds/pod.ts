import type { Pod } from "kubernetes-types/core/v1.d.ts";

import { defaultPod } from "./defaults/pod.ts";
import { defineKind } from "./define-kind.ts";
import { admitPod } from "./pod-admission.ts";
import { podColumns, podRow } from "./pod-columns.ts";
import { qosClass } from "./qos-class.ts";
import { pod as schema } from "./schema/pod.ts";
import { dns1123Label } from "./validation/names.ts";
import { validatePod, validatePodStatusUpdate, validatePodUpdate } from "./validation/pod.ts";
import { podSpecWarnings } from "./warnings.ts";

/** A pod: containers that share one sandbox. */
export const pod = defineKind<Pod>({
  group: "",
  version: "v1",
  kind: "Pod",
  resource: "pods",
  singular: "pod",
  namespaced: true,
  shortNames: ["po"],
  categories: ["all"],
  subresources: ["attach", "binding", "eviction", "exec", "log", "portforward", "status"],
  schema,
  defaults: defaultPod,
  strategy: {
    prepareForCreate(object, context) {
      admitPod(object, context);
      object.status = { phase: "Pending", qosClass: qosClass(object.spec ?? { containers: [] }) };
      if ((object.spec?.schedulingGates?.length ?? 0) > 0) {
        const message = "Scheduling is blocked due to non-empty scheduling gates";
        object.status.conditions = [{ type: "PodScheduled", status: "False", reason: "SchedulingGated", message }];
      }
    },
    prepareForUpdate(object, old) {
      if (old.status !== undefined) object.status = structuredClone(old.status);
    },
    prepareForStatusUpdate(object, old) {
      if (old.spec !== undefined) object.spec = structuredClone(old.spec);
      if (old.metadata.ownerReferences === undefined) delete object.metadata.ownerReferences;
      else object.metadata.ownerReferences = structuredClone(old.metadata.ownerReferences);
      const quality = old.status?.qosClass;
      if (quality !== undefined) object.status = { qosClass: quality, ...object.status };
    },
    validate: validatePod,
    validateUpdate: validatePodUpdate,
    validateStatusUpdate: validatePodStatusUpdate,
    warnings({ metadata, spec }) {
      const words =
        "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
      const problems = dns1123Label(metadata.name);
      const named = problems.length === 0 ? [] : [`metadata.name: ${words}: [${problems.join(" ")}]`];
      return [...named, ...podSpecWarnings(spec, "spec")];
    },
    graceSeconds(object, requested) {
      const { phase } = object.status ?? {};
      if (object.spec?.nodeName === undefined || phase === "Failed" || phase === "Succeeded") return 0;
      const seconds = requested ?? object.spec.terminationGracePeriodSeconds ?? 0;
      return seconds < 0 ? 1 : seconds;
    },
    deleteReturnsObject: true,
  },
  columns: podColumns,
  row: podRow,
  selectableFields: {
    "spec.nodeName": ({ spec }) => spec?.nodeName ?? "",
    "spec.restartPolicy": ({ spec }) => spec?.restartPolicy ?? "",
    "spec.schedulerName": ({ spec }) => spec?.schedulerName ?? "",
    "spec.serviceAccountName": ({ spec }) => spec?.serviceAccountName ?? "",
    "spec.hostNetwork": ({ spec }) => String(spec?.hostNetwork ?? false),
    "status.phase": ({ status }) => status?.phase ?? "",
    "status.podIP": ({ status }) => status?.podIPs?.[0]?.ip ?? "",
    // Known to the original, but empty in the values it compares with.
    "status.podIPs": () => "",
    "status.nominatedNodeName": ({ status }) => status?.nominatedNodeName ?? "",
  },
});
