import { configMap } from "./config-map.ts";
import { controllerRevision } from "./controller-revision.ts";
import { endpointSlice } from "./endpoint-slice.ts";
import { endpoints } from "./endpoints.ts";
import { event } from "./event.ts";
import type { Kind } from "./kind.ts";
import { lease } from "./lease.ts";
import { namespace } from "./namespace.ts";
import { node } from "./node.ts";
import { persistentVolumeClaim } from "./persistent-volume-claim.ts";
import { persistentVolume } from "./persistent-volume.ts";
import { podDisruptionBudget } from "./pod-disruption-budget.ts";
import { pod } from "./pod.ts";
import { secret } from "./secret.ts";
import { serviceAccount } from "./service-account.ts";
import type { ServiceRanges } from "./service-allocation.ts";
import { service } from "./service.ts";
import { statefulSet } from "./stateful-set.ts";
import { storageClass } from "./storage-class.ts";

export type { ServiceRanges } from "./service-allocation.ts";

/** What the original's node ports are unless configured. */
export const NODE_PORT_RANGE: ServiceRanges["nodePortRange"] = { first: 30_000, last: 32_767 };

/** Every kind that the API serves, in the order of its discovery. A new kind is one more entry here. */
export function createKinds(ranges: ServiceRanges): readonly Kind[] {
  return [
    configMap,
    endpoints,
    event,
    namespace,
    node,
    persistentVolumeClaim,
    persistentVolume,
    pod,
    secret,
    serviceAccount,
    service(ranges),
    controllerRevision,
    statefulSet,
    lease,
    endpointSlice,
    podDisruptionBudget,
    storageClass,
  ];
}
