import { boolean, int64, list, object, string } from "./field.ts";

export const capabilities = object("Capabilities", {
  add: list(string),
  drop: list(string),
});

export const seLinuxOptions = object("SELinuxOptions", {
  user: string,
  role: string,
  type: string,
  level: string,
});

export const windowsSecurityContextOptions = object(
  "WindowsSecurityContextOptions",
  {
    gmsaCredentialSpecName: string,
    gmsaCredentialSpec: string,
    runAsUserName: string,
    hostProcess: boolean,
  },
  { kept: ["gmsaCredentialSpecName", "gmsaCredentialSpec", "runAsUserName", "hostProcess"] },
);

export const seccompProfile = object(
  "SeccompProfile",
  {
    type: string,
    localhostProfile: string,
  },
  { always: ["type"], kept: ["localhostProfile"] },
);

export const appArmorProfile = object(
  "AppArmorProfile",
  {
    type: string,
    localhostProfile: string,
  },
  { always: ["type"], kept: ["localhostProfile"] },
);

export const securityContext = object(
  "SecurityContext",
  {
    capabilities,
    privileged: boolean,
    seLinuxOptions,
    windowsOptions: windowsSecurityContextOptions,
    runAsUser: int64,
    runAsGroup: int64,
    runAsNonRoot: boolean,
    readOnlyRootFilesystem: boolean,
    allowPrivilegeEscalation: boolean,
    procMount: string,
    seccompProfile,
    appArmorProfile,
  },
  {
    kept: [
      "privileged",
      "runAsUser",
      "runAsGroup",
      "runAsNonRoot",
      "readOnlyRootFilesystem",
      "allowPrivilegeEscalation",
      "procMount",
    ],
  },
);

export const sysctl = object(
  "Sysctl",
  {
    name: string,
    value: string,
  },
  { always: ["name", "value"] },
);

export const podSecurityContext = object(
  "PodSecurityContext",
  {
    seLinuxOptions,
    windowsOptions: windowsSecurityContextOptions,
    runAsUser: int64,
    runAsGroup: int64,
    runAsNonRoot: boolean,
    supplementalGroups: list(int64),
    supplementalGroupsPolicy: string,
    fsGroup: int64,
    sysctls: list(sysctl),
    fsGroupChangePolicy: string,
    seccompProfile,
    appArmorProfile,
    seLinuxChangePolicy: string,
  },
  {
    kept: [
      "runAsUser",
      "runAsGroup",
      "runAsNonRoot",
      "supplementalGroupsPolicy",
      "fsGroup",
      "fsGroupChangePolicy",
      "seLinuxChangePolicy",
    ],
  },
);
