import { readFileSync } from "node:fs";

import { parseManifest } from "../manifests/parse.ts";
import type { ZoneKind } from "../zone/objects.ts";
import { createZone, type Zone, type ZoneOptions } from "../zone/zone.ts";

/** A synced zone of the objects in testdata/objects.yaml, whose DNS service is 10.96.0.10. */
export function smallCluster(options: ZoneOptions = {}): Zone {
  const zone = createZone({ dnsServiceAddress: "10.96.0.10", ...options });
  const parsed = parseManifest(readFileSync(new URL("../testdata/objects.yaml", import.meta.url), "utf8"));
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  for (const object of parsed.objects) zone.upsert(object.kind as ZoneKind, object);
  zone.synced();
  return zone;
}
