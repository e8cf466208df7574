import { int32, microTime, object, string } from "./field.ts";
import { objectMeta } from "./meta.ts";

export const leaseSpec = object(
  "LeaseSpec",
  {
    holderIdentity: string,
    leaseDurationSeconds: int32,
    acquireTime: microTime,
    renewTime: microTime,
    leaseTransitions: int32,
    strategy: string,
    preferredHolder: string,
  },
  {
    kept: [
      "holderIdentity",
      "leaseDurationSeconds",
      "acquireTime",
      "renewTime",
      "leaseTransitions",
      "strategy",
      "preferredHolder",
    ],
  },
);

export const lease = object(
  "Lease",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    spec: leaseSpec,
  },
  { always: ["metadata", "spec"] },
);
