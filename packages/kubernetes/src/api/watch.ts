// Watches on the registry: which events a client sees of the changes that the store tells.
import type { Kind } from "../kinds/kind.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { StoreChange } from "../store/store-change.ts";
import type { KubeObject } from "./object.ts";
import { qualifiedResource } from "./refusals.ts";
import type { ReadSelection } from "./request-options.ts";
import type { Matcher } from "./selectors.ts";
import { StatusError } from "./status-error.ts";

export interface WatchRequest extends ReadSelection {
  /** Changes after this one. Undefined: the present objects come as ADDED first. */
  readonly since?: number | undefined;
}

export interface WatchSink {
  event(kind: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject): void;
  /** The present objects have been delivered; what follows are changes after `resourceVersion`. */
  synced?(resourceVersion: string): void;
}

export interface RegistryWatch {
  stop(): void;
}

/** Throws 410 Expired when `since` is older than the history. */
export function watchObjects(
  objects: ObjectStore,
  kind: Kind,
  request: WatchRequest,
  matches: Matcher,
  sink: WatchSink,
  onStop: () => void,
): RegistryWatch {
  const resource = qualifiedResource(kind);
  let stopped = false;
  const listener = (change: StoreChange): void => {
    if (!stopped) deliver(change, matches, sink);
  };
  if (request.since === undefined) {
    const namespace = kind.namespaced && request.namespace !== "" ? request.namespace : undefined;
    const present = objects.list(resource, namespace).filter(matches);
    const resourceVersion = String(objects.resourceVersion);
    objects.subscribe(resource, undefined, listener);
    for (const object of present) sink.event("ADDED", object);
    sink.synced?.(resourceVersion);
  } else if (!objects.subscribe(resource, request.since, listener)) {
    throw new StatusError(
      410,
      "Expired",
      `too old resource version: ${request.since} (${objects.oldestResourceVersion})`,
    );
  }
  return {
    stop() {
      if (stopped) return;
      stopped = true;
      objects.unsubscribe(resource, listener);
      onStop();
    },
  };
}

/** An object that begins or ceases to match comes or goes for this client. */
function deliver(change: StoreChange, matches: Matcher, sink: WatchSink): void {
  const { object, previous } = change;
  const did = previous !== undefined && matches(previous);
  if (change.kind === "DELETED") {
    if (did) sink.event("DELETED", object);
    return;
  }
  const does = matches(object);
  if (does) sink.event(did ? "MODIFIED" : "ADDED", object);
  else if (did) {
    const metadata = { ...previous.metadata, resourceVersion: object.metadata.resourceVersion };
    sink.event("DELETED", { ...previous, metadata });
  }
}
