import type { Container } from "kubernetes-types/core/v1.d.ts";

/** A probe's port: a number, or the name of one the container declares. Throws an Error in the original's words. */
export function probePort(port: string | number, container: Container): number {
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
