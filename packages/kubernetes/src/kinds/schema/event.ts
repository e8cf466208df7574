import { int32, microTime, object, string, time } from "./field.ts";
import { objectMeta } from "./meta.ts";
import { objectReference } from "./references.ts";

export const eventSource = object("EventSource", {
  component: string,
  host: string,
});

export const eventSeries = object(
  "EventSeries",
  {
    count: int32,
    lastObservedTime: microTime,
  },
  { always: ["lastObservedTime"] },
);

export const event = object(
  "Event",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    involvedObject: objectReference,
    reason: string,
    message: string,
    source: eventSource,
    firstTimestamp: time,
    lastTimestamp: time,
    count: int32,
    type: string,
    eventTime: microTime,
    series: eventSeries,
    action: string,
    related: objectReference,
    reportingComponent: string,
    reportingInstance: string,
  },
  {
    always: [
      "metadata",
      "involvedObject",
      "source",
      "firstTimestamp",
      "lastTimestamp",
      "eventTime",
      "reportingComponent",
      "reportingInstance",
    ],
  },
);
