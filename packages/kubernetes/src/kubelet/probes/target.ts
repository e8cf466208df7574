import type { Container } from "kubernetes-types/core/v1.d.ts";

/** A probe's port: a number, or the name of one the container declares. Throws an Error in the original's words. */
function probePort(port: string | number, container: Container): number {
  const number =
    typeof port === "number"
      ? port
      : /^\d+$/.test(port)
        ? Number(port)
        : container.ports?.find(({ name }) => name === port)?.containerPort;
  if (number === undefined) throw new Error(`couldn't find port: ${port} in container ${container.name}`);
  if (number < 1 || number > 65_535) throw new Error(`invalid port number: ${number}`);
  return number;
}

/** Where a pod is reached from here. */
export interface PodPlace {
  readonly address: string;
  /** The port at which a declared one is really reached. */
  podPort(port: number): number;
}

/** What a probe dials: the pod itself unless it names another host. Throws an Error in the original's words. */
export function probeAddress(
  action: { readonly host?: string; readonly port: string | number },
  container: Container,
  pod: PodPlace,
): { readonly host: string; readonly port: number } {
  const port = probePort(action.port, container);
  if (action.host !== undefined && action.host !== "") return { host: action.host, port };
  return { host: pod.address, port: pod.podPort(port) };
}
