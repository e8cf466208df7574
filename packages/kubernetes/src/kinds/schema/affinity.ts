import { int32, list, object, string } from "./field.ts";
import { labelSelector } from "./label-selector.ts";

export const nodeSelectorRequirement = object(
  "NodeSelectorRequirement",
  {
    key: string,
    operator: string,
    values: list(string),
  },
  { always: ["key", "operator"] },
);

export const nodeSelectorTerm = object(
  "NodeSelectorTerm",
  {
    matchExpressions: list(nodeSelectorRequirement),
    matchFields: list(nodeSelectorRequirement),
  },
  { atomic: true },
);

export const nodeSelector = object(
  "NodeSelector",
  {
    nodeSelectorTerms: list(nodeSelectorTerm),
  },
  { always: ["nodeSelectorTerms"], atomic: true },
);

export const preferredSchedulingTerm = object(
  "PreferredSchedulingTerm",
  {
    weight: int32,
    preference: nodeSelectorTerm,
  },
  { always: ["weight", "preference"] },
);

export const nodeAffinity = object("NodeAffinity", {
  requiredDuringSchedulingIgnoredDuringExecution: nodeSelector,
  preferredDuringSchedulingIgnoredDuringExecution: list(preferredSchedulingTerm),
});

export const podAffinityTerm = object(
  "PodAffinityTerm",
  {
    labelSelector,
    namespaces: list(string),
    topologyKey: string,
    namespaceSelector: labelSelector,
    matchLabelKeys: list(string),
    mismatchLabelKeys: list(string),
  },
  { always: ["topologyKey"] },
);

export const weightedPodAffinityTerm = object(
  "WeightedPodAffinityTerm",
  {
    weight: int32,
    podAffinityTerm,
  },
  { always: ["weight", "podAffinityTerm"] },
);

export const podAffinity = object("PodAffinity", {
  requiredDuringSchedulingIgnoredDuringExecution: list(podAffinityTerm),
  preferredDuringSchedulingIgnoredDuringExecution: list(weightedPodAffinityTerm),
});

export const podAntiAffinity = object("PodAntiAffinity", {
  requiredDuringSchedulingIgnoredDuringExecution: list(podAffinityTerm),
  preferredDuringSchedulingIgnoredDuringExecution: list(weightedPodAffinityTerm),
});

export const affinity = object("Affinity", { nodeAffinity, podAffinity, podAntiAffinity });
