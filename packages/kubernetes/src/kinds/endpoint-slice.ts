import type { EndpointSlice } from "kubernetes-types/discovery/v1.d.ts";

import { ageColumn, column, nameColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { since } from "./human-duration.ts";
import { endpointSlice as schema } from "./schema/endpoint-slice.ts";
import { validateEndpointSlice, validateEndpointSliceUpdate } from "./validation/endpoint-slice.ts";
import { semanticallyEqual } from "./validation/immutable.ts";

const SHOWN_MAX = 3;

/** A part of the addresses that implement a service. */
export const endpointSlice = defineKind<EndpointSlice>({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  resource: "endpointslices",
  singular: "endpointslice",
  namespaced: true,
  subresources: [],
  schema,
  defaults(object) {
    for (const port of object.ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  strategy: {
    generation: true,
    prepareForUpdate(object, old) {
      // There is no spec whose changes could be counted: the generation follows all but the rest of the metadata.
      const { metadata, ...content } = object;
      const { metadata: oldMetadata, ...oldContent } = old;
      const same = semanticallyEqual(content, oldContent) && semanticallyEqual(metadata.labels, oldMetadata.labels);
      Object.assign(metadata, { generation: (oldMetadata.generation ?? 0) + (same ? 0 : 1) });
    },
    validate: validateEndpointSlice,
    validateUpdate: validateEndpointSliceUpdate,
  },
  columns: [
    nameColumn,
    column("AddressType", "IPv4, IPv6 or FQDN."),
    column("Ports", "Ports of every endpoint."),
    column("Endpoints", "Addresses of the endpoints."),
    ageColumn,
  ],
  row: (object, now) => [
    object.metadata.name,
    object.addressType,
    withMore((object.ports ?? []).map(({ port, name }) => String(port ?? name ?? "*"))),
    withMore((object.endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])),
    since(object.metadata.creationTimestamp, now),
  ],
});

function withMore(all: readonly string[]): string {
  const shown = all.slice(0, SHOWN_MAX).join(",");
  if (all.length > SHOWN_MAX) return `${shown} + ${all.length - SHOWN_MAX} more...`;
  return shown || "<unset>";
}
