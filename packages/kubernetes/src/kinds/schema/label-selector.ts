import { list, map, object, string } from "./field.ts";

export const labelSelectorRequirement = object(
  "LabelSelectorRequirement",
  {
    key: string,
    operator: string,
    values: list(string),
  },
  { always: ["key", "operator"] },
);

export const labelSelector = object(
  "LabelSelector",
  {
    matchLabels: map(string),
    matchExpressions: list(labelSelectorRequirement),
  },
  { atomic: true },
);
