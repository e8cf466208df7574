import type { Kind } from "../kinds/kind.ts";
import type { KubeObject } from "./object.ts";
import type { Subresource } from "./write-pipeline.ts";

export function trackFields(
  _kind: Kind,
  object: KubeObject,
  old: KubeObject | undefined,
  _subresource: Subresource,
  _stamp: { manager: string; time: string },
): void {
  if (old?.metadata.managedFields === undefined) delete object.metadata.managedFields;
  else object.metadata.managedFields = old.metadata.managedFields;
}
