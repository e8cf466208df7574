import { defineKind } from "../../kinds/define-kind.ts";
import { invalid } from "../../kinds/field-error.ts";
import { since } from "../../kinds/human-duration.ts";
import type { Kind } from "../../kinds/kind.ts";
import {
  boolean,
  int32,
  int64,
  intOrString,
  list,
  map,
  mergedList,
  mergedSet,
  object,
  quantity,
  string,
  time,
} from "../../kinds/schema/field.ts";
import { objectMeta } from "../../kinds/schema/meta.ts";
import { segmentName, subdomainName } from "../../kinds/validation/names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "../../kinds/validation/object-meta.ts";

// Small kinds for tests of the machinery alone.

interface Widget {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string };
  spec?: { replicas?: number; size?: string; parts?: { name: string }[] };
  status?: { ready?: number };
}

const part = object("WidgetPart", {
  name: string,
  image: string,
  ports: mergedList(object("WidgetPort", { port: int32, protocol: string }, { always: ["port"] }), "port", "protocol"),
  args: list(string),
  limits: map(quantity),
});

const widgetSpec = object(
  "WidgetSpec",
  {
    replicas: int32,
    size: quantity,
    paused: boolean,
    total: int64,
    target: intOrString,
    startAt: time,
    selector: map(string),
    parts: mergedList(part, "name"),
    tags: mergedSet(string),
    steps: list(string),
    strategy: object(
      "WidgetStrategy",
      { type: string, fast: object("Fast", { step: int32 }), slow: object("Slow", { wait: int32 }) },
      { retainKeys: true },
    ),
  },
  { kept: ["replicas"] },
);

/** A kind with spec, status, scale and every kind of list. */
export const widgets: Kind = defineKind<Widget>({
  group: "test.example.com",
  version: "v1",
  kind: "Widget",
  resource: "widgets",
  singular: "widget",
  namespaced: true,
  shortNames: ["wi"],
  categories: ["all"],
  subresources: ["status", "scale"],
  schema: object(
    "Widget",
    {
      kind: string,
      apiVersion: string,
      metadata: objectMeta,
      spec: widgetSpec,
      status: object("WidgetStatus", { ready: int32, phase: string }),
    },
    { always: ["metadata", "spec", "status"] },
  ),
  defaults(widget) {
    widget.spec ??= {};
    widget.spec.replicas ??= 1;
  },
  strategy: {
    generation: true,
    prepareForCreate(widget) {
      widget.status = {};
    },
    prepareForUpdate(widget, old) {
      if (old.status !== undefined) widget.status = old.status;
    },
    validate: (widget) => [
      ...validateObjectMeta(widget.metadata, true, subdomainName),
      ...((widget.spec?.replicas ?? 0) < 0
        ? [invalid("spec.replicas", widget.spec?.replicas, "must be greater than or equal to 0")]
        : []),
    ],
    validateUpdate: (widget, old) => validateObjectMetaUpdate(widget.metadata, old.metadata),
  },
  columns: [
    { name: "Name", type: "string", format: "name", priority: 0 },
    { name: "Replicas", type: "integer", priority: 0 },
    { name: "Age", type: "string", priority: 0 },
    { name: "Parts", type: "string", priority: 1 },
  ],
  row: (widget, now) => [
    widget.metadata.name,
    widget.spec?.replicas ?? 0,
    since(widget.metadata.creationTimestamp, now),
    (widget.spec?.parts ?? []).map(({ name }) => name).join(","),
  ],
  selectableFields: { "spec.replicas": (widget) => String(widget.spec?.replicas ?? 0) },
});

interface Note {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string };
  data?: Record<string, string>;
}

/** A kind without a spec, whose DELETE answers a Status. */
export const notes: Kind = defineKind<Note>({
  group: "",
  version: "v1",
  kind: "Note",
  resource: "notes",
  singular: "note",
  namespaced: true,
  subresources: [],
  schema: object(
    "Note",
    { kind: string, apiVersion: string, metadata: objectMeta, data: map(string) },
    { always: ["metadata"] },
  ),
  strategy: {
    validate: (note) => validateObjectMeta(note.metadata, true, segmentName),
    validateUpdate: (note, old) => validateObjectMetaUpdate(note.metadata, old.metadata),
  },
  columns: [{ name: "Name", type: "string", format: "name", priority: 0 }],
  row: (note) => [note.metadata.name],
});
