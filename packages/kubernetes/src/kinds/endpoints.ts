import type { Endpoints } from "kubernetes-types/core/v1.d.ts";

import { ageColumn, column, nameColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { since } from "./human-duration.ts";
import { endpoints as schema } from "./schema/endpoints.ts";
import { validateEndpoints, validateEndpointsUpdate } from "./validation/endpoints.ts";

const SHOWN_MAX = 3;

/** Addresses and ports that implement a service, in the form that came before EndpointSlices. */
export const endpoints = defineKind<Endpoints>({
  group: "",
  version: "v1",
  kind: "Endpoints",
  resource: "endpoints",
  singular: "endpoints",
  namespaced: true,
  shortNames: ["ep"],
  subresources: [],
  schema,
  defaults(object) {
    for (const subset of object.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= "TCP";
  },
  strategy: { validate: validateEndpoints, validateUpdate: validateEndpointsUpdate },
  columns: [nameColumn, column("Endpoints", "Addresses with their ports."), ageColumn],
  row: (object, now) => [object.metadata.name, addresses(object), since(object.metadata.creationTimestamp, now)],
});

function addresses({ subsets = [] }: Endpoints): string {
  if (subsets.length === 0) return "<none>";
  const all = subsets.flatMap(({ addresses: ready = [], ports = [] }) =>
    ports.length === 0
      ? ready.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => ready.map(({ ip }) => hostPort(ip, port))),
  );
  const shown = all.slice(0, SHOWN_MAX).join(",");
  return all.length > SHOWN_MAX ? `${shown} + ${all.length - SHOWN_MAX} more...` : shown;
}

function hostPort(ip: string, port: number): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
