import { boolean, list, map, object, string } from "./field.ts";
import { objectMeta } from "./meta.ts";

export const topologySelectorLabelRequirement = object(
  "TopologySelectorLabelRequirement",
  {
    key: string,
    values: list(string),
  },
  { always: ["key", "values"] },
);

export const topologySelectorTerm = object(
  "TopologySelectorTerm",
  {
    matchLabelExpressions: list(topologySelectorLabelRequirement),
  },
  { atomic: true },
);

export const storageClass = object(
  "StorageClass",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    provisioner: string,
    parameters: map(string),
    reclaimPolicy: string,
    mountOptions: list(string),
    allowVolumeExpansion: boolean,
    volumeBindingMode: string,
    allowedTopologies: list(topologySelectorTerm),
  },
  {
    always: ["metadata", "provisioner"],
    kept: ["reclaimPolicy", "allowVolumeExpansion", "volumeBindingMode"],
  },
);
