// A watch over HTTP: one JSON document a line, never ended by the server but at the client's own time limit.
import type { Kind } from "../../kinds/kind.ts";
import { groupVersion } from "../body.ts";
import type { KubeObject } from "../object.ts";
import { badRequest } from "../refusals.ts";
import type { Registry } from "../registry.ts";
import type { ReadSelection } from "../request-options.ts";
import { StatusError } from "../status-error.ts";
import type { RegistryWatch } from "../watch.ts";
import type { Accepted } from "./negotiation.ts";
import { asStatusError, type Exchange, statusBody } from "./respond.ts";
import { type IncludeObject, partialMetadata, tableOf } from "./table.ts";

/** Events a client has not taken yet, in bytes; beyond it the watch ends, and the client begins anew. */
const BACKLOG_BYTES_MAX = 16 * 1024 * 1024;
/** Likewise, of all watches together: the watch that brings it about ends. */
const BACKLOG_BYTES_TOTAL_MAX = 32 * 1024 * 1024;
/** A client that has so little before it is no slow one. */
const BACKLOG_BYTES_FREE = 256 * 1024;
/** How long a client that fell behind gets to read the end of its stream. */
const FAREWELL_MS = 10_000;
const BOOKMARK_INTERVAL_MS = 60_000;

/** What all watches hold back now. */
let backlogTotal = 0;

/** Lines are the same for every watcher of plain objects. */
const texts = new WeakMap<KubeObject, string>();

function textOf(object: KubeObject): string {
  let text = texts.get(object);
  if (text === undefined) texts.set(object, (text = JSON.stringify(object)));
  return text;
}

export function streamWatch(
  registry: Registry,
  kind: Kind,
  selection: ReadSelection,
  accepted: Accepted,
  exchange: Exchange,
): void {
  const { response, url } = exchange;
  const query = url.searchParams;
  const initialEvents = query.get("sendInitialEvents") === "true";
  const bookmarks = query.get("allowWatchBookmarks") === "true";
  const version = query.get("resourceVersion") ?? "";
  const since = initialEvents || version === "" || version === "0" ? undefined : parseVersion(version);
  const include = includeObject(query.get("includeObject"));
  if (since !== undefined) checkNotInFuture(registry, since);
  registry.checkSelection(kind, selection);

  response.statusCode = 200;
  response.setHeader("Cache-Control", "no-cache, private");
  response.setHeader("Content-Type", "application/json");
  response.flushHeaders();

  let handle: RegistryWatch | undefined;
  let ended = false;
  let firstTable = true;
  let backlog = 0;
  const account = (bytes: number): void => {
    backlogTotal += bytes - backlog;
    backlog = bytes;
  };
  response.on("drain", () => account(response.writableLength));
  const end = (): void => {
    if (ended) return;
    ended = true;
    handle?.stop();
    bookmarkTimer?.cancel();
    limitTimer?.cancel();
    if (!response.writableEnded) response.end();
  };
  const line = (type: string, text: string): void => {
    if (ended) return;
    response.write(`{"type":"${type}","object":${text}}\n`);
    account(response.writableLength);
    const crowded = backlogTotal > BACKLOG_BYTES_TOTAL_MAX && backlog > BACKLOG_BYTES_FREE;
    if (backlog <= BACKLOG_BYTES_MAX && !crowded) return;
    const refusal = new StatusError(
      410,
      "Expired",
      "the watch was closed because its events were not read fast enough",
    );
    response.write(`{"type":"ERROR","object":${JSON.stringify(statusBody(refusal))}}\n`);
    end();
    const { socket } = response;
    registry.clock.setTimer(FAREWELL_MS, () => socket?.destroy());
  };
  const bookmark = (resourceVersion: string, annotations?: Readonly<Record<string, string>>): void => {
    const metadata = { resourceVersion, creationTimestamp: null, ...(annotations && { annotations }) };
    const object = accepted.table
      ? tableOf(kind, [], { resourceVersion }, include, registry.clock.now(), false)
      : { kind: kind.kind, apiVersion: groupVersion(kind), metadata };
    line("BOOKMARK", JSON.stringify(object));
  };
  response.on("close", () => {
    account(0);
    end();
  });

  const seconds = Number(query.get("timeoutSeconds") ?? "0");
  const limitTimer = seconds > 0 ? registry.clock.setTimer(seconds * 1000, end) : undefined;
  const armBookmark = () =>
    registry.clock.setTimer(BOOKMARK_INTERVAL_MS, () => {
      bookmark(String(registry.objects.resourceVersion));
      if (!ended) bookmarkTimer = armBookmark();
    });
  let bookmarkTimer = bookmarks ? armBookmark() : undefined;

  try {
    handle = registry.watch(
      kind,
      { ...selection, since },
      {
        event(type, object) {
          if (accepted.table) {
            const metadata = { resourceVersion: object.metadata.resourceVersion };
            line(type, JSON.stringify(tableOf(kind, [object], metadata, include, registry.clock.now(), firstTable)));
            firstTable = false;
          } else line(type, accepted.metadataOnly ? JSON.stringify(partialMetadata(object)) : textOf(object));
        },
        synced(resourceVersion) {
          if (initialEvents && bookmarks) bookmark(resourceVersion, { "k8s.io/initial-events-end": "true" });
        },
      },
    );
    if (ended) handle.stop();
  } catch (error) {
    line("ERROR", JSON.stringify(statusBody(asStatusError(error))));
    end();
  }
}

function parseVersion(text: string): number {
  if (!/^\d{1,20}$/.test(text)) {
    const detail = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw new StatusError(500, undefined, `resourceVersion: Invalid value: ${JSON.stringify(text)}: ${detail}`);
  }
  return Number(text);
}

export function includeObject(text: string | null): IncludeObject {
  switch (text) {
    case null:
    case "":
    case "Metadata":
      return "Metadata";
    case "None":
    case "Object":
      return text;
    default:
      throw badRequest(`invalid includeObject value: "${text}", must be one of "Metadata", "None" or "Object"`);
  }
}

/** The resourceVersion of a list request. Throws 500 for text that is no number, as the original; 504 for the future. */
export function checkListVersion(registry: Registry, query: URLSearchParams): void {
  const text = query.get("resourceVersion") ?? "";
  if (text === "" || text === "0") return;
  const wanted = parseVersion(text);
  checkNotInFuture(registry, wanted);
  const current = registry.objects.resourceVersion;
  if (query.get("resourceVersionMatch") === "Exact" && wanted < current) {
    throw new StatusError(410, "Expired", `too old resource version: ${wanted} (${current})`);
  }
}

/** A version that was never given out: the client knows another lab, or one that lost its home. It lists again then. */
function checkNotInFuture(registry: Registry, wanted: number): void {
  const current = registry.objects.resourceVersion;
  if (wanted <= current) return;
  throw new StatusError(504, "Timeout", `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}
