import type { Zone, ZoneKind, ZoneObject } from "@ordinal/dns";

import type { Client } from "../api/client.ts";

const SOURCES: readonly (readonly [resource: string, kind: ZoneKind])[] = [
  ["namespaces", "Namespace"],
  ["services", "Service"],
  ["endpointslices.discovery.k8s.io", "EndpointSlice"],
  ["pods", "Pod"],
];

/** Keeps the zone as the API is. Resolves when everything that was there is in it. */
export async function feedZone(zone: Zone, client: Client): Promise<void> {
  await Promise.all(
    SOURCES.map(
      ([resource, kind]) =>
        new Promise<void>((resolve) => {
          client.watch(resource, {}, (event) => {
            if (event.kind === "SYNCED") resolve();
            else if (event.kind === "DELETED") zone.remove(kind, event.object as unknown as ZoneObject);
            else zone.upsert(kind, event.object as unknown as ZoneObject);
          });
        }),
    ),
  );
  zone.synced();
}
