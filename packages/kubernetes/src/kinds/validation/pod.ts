import type { Container, ContainerStatus, Pod, PodSpec, Toleration } from "kubernetes-types/core/v1.d.ts";

import { forbidden, invalid, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { validateImageSpace } from "./container.ts";
import { immutable, semanticallyEqual } from "./immutable.ts";
import { dns1123Subdomain, qualifiedName, subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { validatePodSpec, validateTokenAccount } from "./pod-spec.ts";
import { ipAddress } from "./scalars.ts";
import { validateTolerations } from "./scheduling.ts";
import { specDifference } from "./spec-difference.ts";

const INT32_MAX = 2_147_483_647;
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";
const DELETION_COST_ANNOTATION = "controller.kubernetes.io/pod-deletion-cost";
const UPDATABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

export function validatePod(pod: Pod): FieldError[] {
  const errors = validateMetadataAndSpec(pod);
  if ((pod.spec?.ephemeralContainers?.length ?? 0) > 0)
    errors.push(forbidden("spec.ephemeralContainers", "cannot be set on create"));
  if (pod.spec?.nodeName && (pod.spec.schedulingGates?.length ?? 0) > 0) {
    errors.push(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
  }
  return errors;
}

function validateMetadataAndSpec({ metadata = {}, spec = { containers: [] } }: Pod): FieldError[] {
  const errors = [
    ...validateObjectMeta(metadata, true, subdomainName),
    ...validatePodAnnotations(metadata.annotations, spec),
  ];
  errors.push(...validatePodSpec(spec, metadata, "spec"), ...validateTokenAccount(spec, "spec"));
  for (const list of ["containers", "initContainers"] as const) {
    for (const [index, container] of (spec[list] ?? []).entries())
      errors.push(...validateImageSpace(container, `spec.${list}[${index}]`));
  }
  return errors;
}

function validatePodAnnotations(annotations: Readonly<Record<string, string>> = {}, spec: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  const mirror = annotations[MIRROR_ANNOTATION];
  if (mirror !== undefined && !spec.nodeName) {
    errors.push(
      invalid(
        `metadata.annotations[${MIRROR_ANNOTATION}]`,
        mirror,
        "must set spec.nodeName if mirror pod annotation is set",
      ),
    );
  }
  const cost = annotations[DELETION_COST_ANNOTATION];
  if (cost !== undefined && (!/^(0|-?[1-9]\d*)$/.test(cost) || Math.abs(Number(cost)) > INT32_MAX)) {
    errors.push(invalid(`metadata.annotations[${DELETION_COST_ANNOTATION}]`, cost, "must be a 32bit integer"));
  }
  return errors;
}

/** A pod that exists changes in a few fields only. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const spec = pod.spec ?? { containers: [] };
  const oldSpec = old.spec ?? { containers: [] };
  const errors = [...validateObjectMetaUpdate(pod.metadata ?? {}, old.metadata ?? {}), ...validateMetadataAndSpec(pod)];
  for (const list of ["containers", "initContainers"] as const) {
    const after = spec[list] ?? [];
    if (after.length !== (oldSpec[list] ?? []).length) {
      errors.push(forbidden(`spec.${list}`, "pod updates may not add or remove containers"));
      return errors;
    }
    for (const [index, container] of after.entries()) {
      const at = `spec.${list}[${index}]`;
      if (!container.image) errors.push(required(`${at}.image`));
      errors.push(...validateImageSpace(container, at));
    }
  }
  const deadline = validateDeadline(spec.activeDeadlineSeconds, oldSpec.activeDeadlineSeconds);
  errors.push(...deadline);
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return errors;
  errors.push(...validateAddedTolerations(spec.tolerations ?? [], oldSpec.tolerations ?? []));
  const gates = new Set((oldSpec.schedulingGates ?? []).map(({ name }) => name));
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    if (gates.has(name)) continue;
    const words = `only deletion is allowed, but found new scheduling gate '${name}'`;
    errors.push(forbidden(`spec.schedulingGates[${index}].name`, words));
  }
  const munged = withUpdatableOf(spec, oldSpec);
  if (!semanticallyEqual(munged, oldSpec)) {
    const difference = specDifference("core.PodSpec", oldSpec, munged);
    errors.push(forbidden("spec", `pod updates may not change fields other than ${UPDATABLE}\n${difference}`));
  }
  return errors;
}

function validateDeadline(seconds: number | undefined, old: number | undefined): FieldError[] {
  const path = "spec.activeDeadlineSeconds";
  if (seconds === undefined)
    return old === undefined ? [] : [invalid(path, null, "must not update from a positive integer to nil value")];
  if (seconds < 0 || seconds > INT32_MAX)
    return [invalid(path, seconds, `must be between 0 and ${INT32_MAX}, inclusive`)];
  if (old !== undefined && old < seconds)
    return [invalid(path, seconds, "must be less than or equal to previous value")];
  return [];
}

function validateAddedTolerations(tolerations: readonly Toleration[], old: readonly Toleration[]): FieldError[] {
  const path = "spec.tolerations";
  const kept = old.every((former) =>
    tolerations.some((toleration) => {
      const { tolerationSeconds: _seconds, ...rest } = toleration;
      const { tolerationSeconds: _formerSeconds, ...formerRest } = former;
      return semanticallyEqual(rest, formerRest);
    }),
  );
  if (!kept) return [forbidden(path, "existing toleration can not be modified except its tolerationSeconds")];
  return validateTolerations(tolerations, path);
}

/** `spec` with what may change as it was. */
function withUpdatableOf(spec: PodSpec, old: PodSpec): PodSpec {
  // A pod without containers is written with null.
  const images = (
    containers: readonly Container[] | null | undefined,
    former: readonly Container[] | null | undefined,
  ): Container[] =>
    (containers ?? []).map(({ image: _image, ...container }, index) => {
      const image = former?.[index]?.image;
      return image === undefined ? container : { ...container, image };
    });
  const result: PodSpec = { ...spec, containers: images(spec.containers, old.containers) };
  if (spec.initContainers !== undefined) result.initContainers = images(spec.initContainers, old.initContainers);
  for (const field of ["activeDeadlineSeconds", "schedulingGates", "tolerations"] as const) {
    if (old[field] === undefined) delete result[field];
    else Object.assign(result, { [field]: old[field] });
  }
  const grace = old.terminationGracePeriodSeconds;
  if (grace !== undefined && grace < 0 && spec.terminationGracePeriodSeconds === 1)
    result.terminationGracePeriodSeconds = grace;
  // While gates hold a pod back, its demands on a node may become stricter.
  if ((old.schedulingGates?.length ?? 0) > 0 && narrows(spec.nodeSelector, old.nodeSelector)) {
    if (old.nodeSelector === undefined) delete result.nodeSelector;
    else result.nodeSelector = old.nodeSelector;
  }
  return result;
}

function narrows(selector: Readonly<Record<string, string>> = {}, old: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(old).every(([key, value]) => selector[key] === value);
}

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const { status = {}, spec } = pod;
  const errors = validateObjectMetaUpdate(pod.metadata ?? {}, old.metadata ?? {});
  for (const [index, { type }] of (status.conditions ?? []).entries()) {
    for (const problem of qualifiedName(type))
      errors.push(invalid(`metadata.conditions[${index}].Type`, type, problem));
  }
  if ((spec?.nodeName ?? "") !== (old.spec?.nodeName ?? "")) {
    errors.push(forbidden("status.nodeName", "may not be changed directly"));
  }
  const nominated = status.nominatedNodeName ?? "";
  if (nominated !== "" && nominated !== old.status?.nominatedNodeName) {
    for (const problem of dns1123Subdomain(nominated))
      errors.push(invalid("status.nominatedNodeName", nominated, problem));
  }
  errors.push(...immutable(status.qosClass ?? "", old.status?.qosClass ?? "", "status.qosClass"));
  const restartPolicy = old.spec?.restartPolicy ?? "Always";
  const sidecars = new Set(
    (old.spec?.initContainers ?? []).flatMap((one) => (one.restartPolicy === "Always" ? [one.name] : [])),
  );
  errors.push(
    ...stayTerminated(
      status.containerStatuses,
      old.status?.containerStatuses,
      restartPolicy,
      new Set(),
      "status.containerStatuses",
    ),
    ...stayTerminated(
      status.initContainerStatuses,
      old.status?.initContainerStatuses,
      restartPolicy,
      sidecars,
      "status.initContainerStatuses",
    ),
    ...stayTerminated(
      status.ephemeralContainerStatuses,
      old.status?.ephemeralContainerStatuses,
      "Never",
      new Set(),
      "status.ephemeralContainerStatuses",
    ),
  );
  for (const [index, { ip }] of (status.podIPs ?? []).entries())
    errors.push(...ipAddress(ip ?? "", `status.podIPs[${index}]`));
  for (const [index, { ip }] of (status.hostIPs ?? []).entries())
    errors.push(...ipAddress(ip ?? "", `status.hostIPs[${index}]`));
  return errors;
}

/** A container that ended for good does not run again. */
function stayTerminated(
  statuses: readonly ContainerStatus[] = [],
  old: readonly ContainerStatus[] = [],
  restartPolicy: string,
  restartable: ReadonlySet<string>,
  path: string,
): FieldError[] {
  if (restartPolicy === "Always") return [];
  return old.flatMap(({ name, state }, index) => {
    const ended = state?.terminated;
    if (ended === undefined || restartable.has(name)) return [];
    if (ended.exitCode !== 0 && restartPolicy === "OnFailure") return [];
    const revived = statuses.some((status) => status.name === name && status.state?.terminated === undefined);
    return revived ? [forbidden(`${path}[${index}].state`, "may not be transitioned to non-terminated state")] : [];
  });
}
