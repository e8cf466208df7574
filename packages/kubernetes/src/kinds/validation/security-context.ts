import type { PodSecurityContext, PodSpec, SeccompProfile, SecurityContext } from "kubernetes-types/core/v1.d.ts";

import { duplicate, forbidden, GoText, invalid, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { absentOrOneOf, descendingPath, userOrGroup } from "./scalars.ts";

const SECCOMP_TYPES = ["Localhost", "RuntimeDefault", "Unconfined"] as const;
const SYSCTL_CHARACTERS_MAX = 253;
const SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SYSCTL_NAME = new RegExp(`^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`);

export function validatePodSecurityContext(
  context: PodSecurityContext | undefined,
  spec: PodSpec,
  path: string,
): FieldError[] {
  if (context === undefined) return [];
  const at = `${path}.securityContext`;
  const errors = [
    ...userOrGroup(context.fsGroup, `${at}.fsGroup`),
    ...userOrGroup(context.runAsUser, `${at}.runAsUser`),
    ...userOrGroup(context.runAsGroup, `${at}.runAsGroup`),
    ...(context.supplementalGroups ?? []).flatMap((group, index) =>
      userOrGroup(group, `${at}.supplementalGroups[${index}]`),
    ),
  ];
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    errors.push(
      invalid(`${at}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled"),
    );
  }
  const seen = new Set<string>();
  for (const [index, { name }] of (context.sysctls ?? []).entries()) {
    const namePath = `${at}.sysctls[${index}].name`;
    if (name === "") errors.push(required(namePath));
    else if (name.length > SYSCTL_CHARACTERS_MAX || !SYSCTL_NAME.test(name)) {
      errors.push(
        invalid(
          namePath,
          name,
          `must have at most ${SYSCTL_CHARACTERS_MAX} characters and match regex ${SYSCTL_NAME.source}`,
        ),
      );
    } else if (seen.has(name)) errors.push(duplicate(namePath, name));
    seen.add(name);
  }
  errors.push(
    ...absentOrOneOf(context.fsGroupChangePolicy, ["Always", "OnRootMismatch"], `${at}.fsGroupChangePolicy`),
    ...validateSeccomp(context.seccompProfile, `${at}.seccompProfile`),
  );
  return errors;
}

export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  path: string,
): FieldError[] {
  if (context === undefined) return [];
  const errors = [
    ...userOrGroup(context.runAsUser, `${path}.runAsUser`),
    ...userOrGroup(context.runAsGroup, `${path}.runAsGroup`),
  ];
  if (context.procMount !== undefined) {
    errors.push(...absentOrOneOf(context.procMount, ["Default", "Unmasked"], `${path}.procMount`));
    if (hostUsers && context.procMount === "Unmasked") {
      errors.push(invalid(`${path}.procMount`, "Unmasked", "`hostUsers` must be false to use `Unmasked`"));
    }
  }
  errors.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`));
  if (context.allowPrivilegeEscalation === false) {
    const shown = new GoText("core.SecurityContext{}");
    if (context.privileged === true) {
      errors.push(invalid(path, shown, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
    }
    if (context.capabilities?.add?.includes("CAP_SYS_ADMIN")) {
      errors.push(
        invalid(path, shown, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"),
      );
    }
  }
  return errors;
}

function validateSeccomp(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (profile === undefined) return [];
  const { type, localhostProfile } = profile;
  const errors: FieldError[] = [];
  if (type === "") errors.push(required(`${path}.type`, "type is required when seccompProfile is set"));
  else if (!SECCOMP_TYPES.some((known) => known === type))
    errors.push(notSupported(`${path}.type`, type, SECCOMP_TYPES));
  if (type === "Localhost") {
    if (localhostProfile === undefined) {
      errors.push(required(`${path}.localhostProfile`, "must be set when seccomp type is Localhost"));
    } else errors.push(...descendingPath(localhostProfile, `${path}.localhostProfile`));
  } else if (localhostProfile !== undefined) {
    errors.push(
      invalid(`${path}.localhostProfile`, localhostProfile, "can only be set when seccomp type is Localhost"),
    );
  }
  return errors;
}

export function validateHostNamespaces(spec: PodSpec, path: string): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const words = "when `pod.Spec.HostUsers` is false";
  return [
    ...(spec.hostNetwork === true ? [forbidden(`${path}.hostNetwork`, words)] : []),
    ...(spec.hostPID === true ? [forbidden(`${path}.HostPID`, words)] : []),
    ...(spec.hostIPC === true ? [forbidden(`${path}.HostIPC`, words)] : []),
  ];
}
