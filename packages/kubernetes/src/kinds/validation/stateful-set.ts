import type { StatefulSet, StatefulSetSpec, StatefulSetStatus } from "kubernetes-types/apps/v1.d.ts";
import type { PodSpec } from "kubernetes-types/core/v1.d.ts";

import { forbidden, GoText, goQuote, invalid, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { matchesSelector } from "../label-selector.ts";
import { semanticallyEqual } from "./immutable.ts";
import { goLabels, goSelector, isEmptySelector, validateLabelSelector } from "./label-selector.ts";
import { labelName } from "./names.ts";
import { validateAnnotations, validateLabels, validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { absentOrOneOf, nonNegative } from "./scalars.ts";

// Rules of pkg/apis/apps/validation. A template's pod spec is not looked at, in the original neither: its faults show
// when pods are made of it.

const RETENTION = ["Retain", "Delete"] as const;
const MUTABLE = [
  "replicas",
  "template",
  "updateStrategy",
  "minReadySeconds",
  "ordinals",
  "persistentVolumeClaimRetentionPolicy",
] as const;

export function validateStatefulSet(set: StatefulSet): FieldError[] {
  return [...validateObjectMeta(set.metadata ?? {}, true, labelName), ...validateSpec(set.spec)];
}

export function validateStatefulSetUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  const errors = [...validateObjectMetaUpdate(set.metadata ?? {}, old.metadata ?? {}), ...validateSpec(set.spec)];
  if (!semanticallyEqual(immutablePart(set.spec), immutablePart(old.spec))) {
    errors.push(
      forbidden(
        "spec",
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ),
    );
  }
  return errors;
}

function immutablePart(spec: StatefulSetSpec | undefined): Partial<StatefulSetSpec> {
  const rest: Partial<StatefulSetSpec> = { ...spec };
  for (const field of MUTABLE) delete rest[field];
  return rest;
}

function validateSpec(spec: StatefulSetSpec | undefined): FieldError[] {
  if (spec === undefined) return [required("spec.selector")];
  const { podManagementPolicy = "", template, selector } = spec;
  const errors: FieldError[] = [];
  if (podManagementPolicy === "") errors.push(required("spec.podManagementPolicy"));
  else if (podManagementPolicy !== "OrderedReady" && podManagementPolicy !== "Parallel") {
    errors.push(invalid("spec.podManagementPolicy", podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
  }
  errors.push(...validateUpdateStrategy(spec.updateStrategy ?? {}, "spec.updateStrategy"));
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  errors.push(
    ...absentOrOneOf(retention?.whenDeleted, RETENTION, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted"),
    ...absentOrOneOf(retention?.whenScaled, RETENTION, "spec.persistentVolumeClaimRetentionPolicy.whenScaled"),
    ...nonNegative(spec.replicas, "spec.replicas"),
    ...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"),
    ...nonNegative(spec.ordinals?.start, "spec.ordinals.start"),
  );
  // A null selector is written as null.
  const present = selector ?? undefined;
  const malformed = validateLabelSelector(present, "spec.selector");
  errors.push(...malformed);
  if (present === undefined) errors.push(required("spec.selector"));
  else if (isEmptySelector(present)) {
    errors.push(invalid("spec.selector", goSelector(present), "empty selector is invalid for statefulset"));
  }
  if (present !== undefined && malformed.length > 0) {
    return [...errors, invalid("spec.selector", goSelector(present), ""), ...validateTemplateSpec(template.spec)];
  }
  const { labels, annotations } = template.metadata ?? {};
  if (!matchesSelector(present, labels ?? {})) {
    const words = "`selector` does not match template `labels`";
    errors.push(invalid("spec.template.metadata.labels", goLabels(labels), words));
  }
  errors.push(
    ...validateLabels(labels, "spec.template.labels"),
    ...validateAnnotations(annotations, "spec.template.annotations"),
  );
  return [...errors, ...validateTemplateSpec(template.spec)];
}

function validateTemplateSpec(spec: PodSpec | undefined): FieldError[] {
  const { restartPolicy = "", activeDeadlineSeconds } = spec ?? {};
  const errors: FieldError[] = [];
  if (restartPolicy !== "Always")
    errors.push(notSupported("spec.template.spec.restartPolicy", restartPolicy, ["Always"]));
  if (activeDeadlineSeconds !== undefined) {
    const words = "activeDeadlineSeconds in StatefulSet is not Supported";
    errors.push(forbidden("spec.template.spec.activeDeadlineSeconds", words));
  }
  return errors;
}

function validateUpdateStrategy(
  { type = "", rollingUpdate }: NonNullable<StatefulSetSpec["updateStrategy"]>,
  path: string,
): FieldError[] {
  const partition = rollingUpdate?.partition ?? 0;
  const rolling =
    rollingUpdate === undefined
      ? "(*apps.RollingUpdateStatefulSetStrategy)(nil)"
      : `apps.RollingUpdateStatefulSetStrategy{Partition:${partition}, MaxUnavailable:(*intstr.IntOrString)(nil)}`;
  switch (type) {
    case "":
      return [required(path)];
    case "RollingUpdate":
      return nonNegative(partition, `${path}.rollingUpdate.partition`);
    case "OnDelete":
      if (rollingUpdate === undefined) return [];
      return [invalid(`${path}.rollingUpdate`, new GoText(rolling), "only allowed for updateStrategy 'RollingUpdate'")];
    default: {
      const shown = new GoText(`apps.StatefulSetUpdateStrategy{Type:${goQuote(type)}, RollingUpdate:${rolling}}`);
      return [invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'")];
    }
  }
}

export function validateStatefulSetStatusUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  const errors = [
    ...validateStatus(set.status ?? { replicas: 0 }),
    ...validateObjectMetaUpdate(set.metadata ?? {}, old.metadata ?? {}),
  ];
  const collisions = set.status?.collisionCount;
  const former = old.status?.collisionCount;
  if (former !== undefined && (collisions ?? 0) < former) {
    errors.push(invalid("status.collisionCount", collisions ?? 0, "cannot be decremented"));
  }
  return errors;
}

const COUNTS = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"] as const;

function validateStatus(status: StatefulSetStatus): FieldError[] {
  const errors = nonNegative(status.replicas, "status.replicas");
  for (const count of COUNTS) errors.push(...nonNegative(status[count], `status.${count}`));
  errors.push(
    ...nonNegative(status.observedGeneration, "status.observedGeneration"),
    ...nonNegative(status.collisionCount, "status.collisionCount"),
  );
  for (const count of COUNTS) {
    const value = status[count] ?? 0;
    if (value > status.replicas)
      errors.push(invalid(`status.${count}`, value, "cannot be greater than status.replicas"));
  }
  const available = status.availableReplicas ?? 0;
  if (available > (status.readyReplicas ?? 0)) {
    errors.push(invalid("status.availableReplicas", available, "cannot be greater than status.readyReplicas"));
  }
  return errors;
}
