import type { HttpRequest } from "../http/request.ts";
import { responseHead, type Response } from "../http/response.ts";
import type { FoundFile } from "../static/file-cache.ts";

/** A kept file's whole answer in one buffer, used again while date, settings and connection are the same. */
export interface ReadyResponse {
  readonly date: string;
  readonly settings: unknown;
  readonly contentType: string | undefined;
  readonly keepAlive: boolean;
  readonly headBytes: number;
  readonly bytes: Buffer;
}

export function readyResponse(request: HttpRequest, response: Response, file: FoundFile, date: string): ReadyResponse {
  const known = file.ready as ReadyResponse | undefined;
  const { settings } = request.location;
  if (
    known !== undefined &&
    known.date === date &&
    known.settings === settings &&
    known.keepAlive === request.keepAlive &&
    known.contentType === response.contentType &&
    response.status === 200
  ) {
    return known;
  }
  const head = responseHead(request, response, date);
  const content = file.content ?? EMPTY;
  const bytes = Buffer.allocUnsafeSlow(head.length + content.length);
  bytes.write(head, 0, "latin1");
  content.copy(bytes, head.length);
  const ready: ReadyResponse = {
    date,
    settings,
    contentType: response.contentType,
    keepAlive: request.keepAlive,
    headBytes: head.length,
    bytes,
  };
  if (response.status === 200) file.ready = ready;
  return ready;
}

const EMPTY = Buffer.alloc(0);
