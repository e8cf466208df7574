import type { Event } from "kubernetes-types/core/v1.d.ts";

import { column, nameColumn, wideColumn } from "./columns.ts";
import { defineKind } from "./define-kind.ts";
import { since } from "./human-duration.ts";
import { event as schema } from "./schema/event.ts";
import { validateEvent, validateEventUpdate } from "./validation/event.ts";

/** A report of something that happened to an object. */
export const event = defineKind<Event>({
  group: "",
  version: "v1",
  kind: "Event",
  resource: "events",
  singular: "event",
  namespaced: true,
  shortNames: ["ev"],
  subresources: [],
  schema,
  strategy: { validate: validateEvent, validateUpdate: validateEventUpdate },
  columns: [
    column("Last Seen", "Time since it happened last."),
    column("Type", "Normal or Warning."),
    column("Reason", "What happened, in one word."),
    column("Object", "What it happened to."),
    wideColumn("Subobject", "The part of the object it happened to."),
    wideColumn("Source", "Who reports it."),
    column("Message", "What happened, in words."),
    wideColumn("First Seen", "Time since it happened first."),
    wideColumn("Count", "How often it happened."),
    { ...nameColumn, priority: 1 },
  ],
  row(object, now) {
    const { involvedObject, series, source } = object;
    const first = since(object.firstTimestamp || object.eventTime, now);
    const last = object.lastTimestamp ? since(object.lastTimestamp, now) : first;
    const kind = (involvedObject.kind ?? "").toLowerCase();
    const component = source?.component || object.reportingComponent || "";
    const instance = source?.host || object.reportingInstance || "";
    return [
      series === undefined ? last : since(series.lastObservedTime, now),
      object.type ?? "",
      object.reason ?? "",
      involvedObject.name ? `${kind}/${involvedObject.name}` : kind,
      involvedObject.fieldPath ?? "",
      instance === "" ? component : `${component}, ${instance}`,
      (object.message ?? "").trim(),
      first,
      series === undefined ? object.count || 1 : (series.count ?? 0),
      object.metadata.name,
    ];
  },
  selectableFields: {
    "involvedObject.kind": ({ involvedObject }) => involvedObject.kind ?? "",
    "involvedObject.namespace": ({ involvedObject }) => involvedObject.namespace ?? "",
    "involvedObject.name": ({ involvedObject }) => involvedObject.name ?? "",
    "involvedObject.uid": ({ involvedObject }) => involvedObject.uid ?? "",
    "involvedObject.apiVersion": ({ involvedObject }) => involvedObject.apiVersion ?? "",
    "involvedObject.resourceVersion": ({ involvedObject }) => involvedObject.resourceVersion ?? "",
    "involvedObject.fieldPath": ({ involvedObject }) => involvedObject.fieldPath ?? "",
    reason: ({ reason }) => reason ?? "",
    reportingComponent: ({ reportingComponent }) => reportingComponent ?? "",
    source: ({ source, reportingComponent }) => source?.component || reportingComponent || "",
    type: ({ type }) => type ?? "",
  },
});
