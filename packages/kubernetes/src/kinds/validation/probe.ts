import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from "kubernetes-types/core/v1.d.ts";

import { forbidden, invalid, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { httpHeaderName } from "./names.ts";
import { nonNegative, portNumberOrName, requiredText } from "./scalars.ts";

type ProbeRole = "liveness" | "readiness" | "startup";
type Handler = LifecycleHandler & Pick<Probe, "grpc">;

export function validateProbe(
  probe: Probe | undefined,
  role: ProbeRole,
  graceSeconds: number,
  path: string,
): FieldError[] {
  if (probe === undefined) return [];
  const errors = [
    ...validateHandler(probe, graceSeconds, path),
    ...nonNegative(probe.initialDelaySeconds, `${path}.initialDelaySeconds`),
    ...nonNegative(probe.timeoutSeconds, `${path}.timeoutSeconds`),
    ...nonNegative(probe.periodSeconds, `${path}.periodSeconds`),
    ...nonNegative(probe.successThreshold, `${path}.successThreshold`),
    ...nonNegative(probe.failureThreshold, `${path}.failureThreshold`),
  ];
  const own = probe.terminationGracePeriodSeconds;
  const gracePath = `${path}.terminationGracePeriodSeconds`;
  if (own !== undefined && own <= 0) errors.push(invalid(gracePath, own, "must be greater than 0"));
  if (role === "readiness") {
    if (own !== undefined) errors.push(invalid(gracePath, own, "must not be set for readinessProbes"));
  } else if (probe.successThreshold !== 1) {
    errors.push(invalid(`${path}.successThreshold`, probe.successThreshold ?? 0, "must be 1"));
  }
  return errors;
}

export function validateLifecycle({ postStart, preStop }: Lifecycle, graceSeconds: number, path: string): FieldError[] {
  return [
    ...(postStart === undefined ? [] : validateHandler(postStart, graceSeconds, `${path}.postStart`)),
    ...(preStop === undefined ? [] : validateHandler(preStop, graceSeconds, `${path}.preStop`)),
  ];
}

const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const;

function validateHandler(handler: Handler, graceSeconds: number, path: string): FieldError[] {
  const [first, ...more] = HANDLERS.filter((name) => handler[name] !== undefined);
  if (first === undefined) return [required(path, "must specify a handler type")];
  return [
    ...validateAction(handler, first, graceSeconds, `${path}.${first}`),
    ...more.map((name) => forbidden(`${path}.${name}`, "may not specify more than 1 handler type")),
  ];
}

function validateAction(
  handler: Handler,
  name: (typeof HANDLERS)[number],
  graceSeconds: number,
  path: string,
): FieldError[] {
  switch (name) {
    case "exec":
      return (handler.exec?.command?.length ?? 0) === 0 ? [required(`${path}.command`)] : [];
    case "httpGet":
      return handler.httpGet === undefined ? [] : validateHttpGet(handler.httpGet, path);
    case "tcpSocket":
      return portNumberOrName(handler.tcpSocket?.port ?? 0, `${path}.port`);
    case "grpc":
      return portNumberOrName(handler.grpc?.port ?? 0, `${path}.port`);
    case "sleep": {
      const seconds = handler.sleep?.seconds ?? 0;
      if (seconds > 0 && seconds <= graceSeconds) return [];
      const words = `must be greater than 0 and less than terminationGracePeriodSeconds (${graceSeconds}). Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep.`;
      return [invalid(path, seconds, words)];
    }
  }
}

function validateHttpGet(action: HTTPGetAction, path: string): FieldError[] {
  const errors = [...requiredText(action.path, `${path}.path`), ...portNumberOrName(action.port, `${path}.port`)];
  const scheme = action.scheme ?? "";
  if (scheme !== "HTTP" && scheme !== "HTTPS") errors.push(notSupported(`${path}.scheme`, scheme, ["HTTP", "HTTPS"]));
  for (const { name } of action.httpHeaders ?? []) {
    for (const problem of httpHeaderName(name)) errors.push(invalid(`${path}.httpHeaders`, name, problem));
  }
  return errors;
}
