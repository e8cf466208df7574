// What the NamespaceLifecycle admission plugin does: objects live in namespaces that exist and are not ending.
import type { Kind, StrategyContext } from "../kinds/kind.ts";
import { forbidden } from "./refusals.ts";
import { StatusError } from "./status-error.ts";

/** They exist from the start and cannot be deleted. */
export const IMMORTAL_NAMESPACES: readonly string[] = ["default", "kube-system", "kube-public"];

/** Throws 404 for a namespace that is absent, 403 for one that is being deleted. */
export function checkNamespace(kind: Kind, namespace: string, name: string, context: StrategyContext): void {
  const object = context.lookup("namespaces", "", namespace);
  if (object === undefined) {
    throw new StatusError(404, "NotFound", `namespaces "${namespace}" not found`, {
      name: namespace,
      kind: "namespaces",
    });
  }
  if (object.metadata.deletionTimestamp == null) return;
  throw forbidden(kind, name, `unable to create new content in namespace ${namespace} because it is being terminated`, [
    {
      reason: "NamespaceTerminating",
      message: `namespace ${namespace} is being terminated`,
      field: "metadata.namespace",
    },
  ]);
}
