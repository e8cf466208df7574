// Server-side printing: objects as rows of a meta.k8s.io/v1 Table.
import type { Kind } from "../../kinds/kind.ts";
import type { KubeObject } from "../object.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableMetadata {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** `definitions` may be left out of all but the first event of a watch. */
export function tableOf(
  kind: Kind,
  objects: readonly KubeObject[],
  metadata: TableMetadata,
  include: IncludeObject,
  now: number,
  definitions = true,
): object {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: definitions ? kind.columns.map(columnDefinition) : null,
    rows: objects.map((object) => ({
      cells: kind.row(object, now),
      ...(include !== "None" && { object: include === "Object" ? object : partialMetadata(object) }),
    })),
  };
}

function columnDefinition(column: Kind["columns"][number]): object {
  const { name, type, format = "", description = name, priority } = column;
  return { name, type, format, description, priority };
}

export function partialMetadata(object: KubeObject): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}
