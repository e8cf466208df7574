/**
 * The content phase of a request for files: index, listing, file (src/http/modules/ngx_http_index_module.c, ngx_http_static_module.c,
 * and the not-modified and range filters behind it).
 */
import { readdirSync, statSync } from "node:fs";

import type { LogLevel } from "../config/model.ts";
import { evaluateConditions, ifRangeHolds } from "../http/conditional.ts";
import { filePath } from "../http/file-path.ts";
import { HEADER } from "../http/header-names.ts";
import { parseRanges, type ByteRange } from "../http/ranges.ts";
import { HTTP_10 } from "../http/request-line.ts";
import type { HttpRequest } from "../http/request.ts";
import { NO_BODY, type Body, type Response } from "../http/response.ts";
import { escapeUri } from "../http/uri.ts";
import { evaluate, type VariableContext } from "../http/variables.ts";
import { listAsHtml, listAsJson, listAsXml, sortListing, type ListedFile } from "./autoindex.ts";
import { describeErrno } from "./errno.ts";
import { errorCode, type FileCache, type FoundFile, type NotFound } from "./file-cache.ts";

export interface ContentContext extends VariableContext {
  readonly files: FileCache;
  log(level: LogLevel, text: string, request: HttpRequest): void;
  /** The boundary of a multipart answer: 20 digits that no other answer has. */
  nextBoundary(): string;
}

/** What a phase decided: an answer, a status that still has to be given its page, or another path to start again with. */
export type Outcome =
  | { readonly kind: "response"; readonly response: Response; readonly file?: FoundFile }
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Response["headers"];
      readonly location?: string;
      readonly closes?: boolean;
      /** An open file that is not needed. */ readonly handle?: number;
    }
  | { readonly kind: "redirect"; readonly path: string; readonly args: string | undefined };

export function status(code: number): Outcome {
  return { kind: "status", status: code };
}

export function serveContent(request: HttpRequest, context: ContentContext): Outcome {
  const { method } = request;
  const readable = method === "GET" || method === "HEAD" || method === "POST";
  if (!request.path.endsWith("/")) return readable ? serveFile(request, context) : status(405);
  if (readable) {
    const found = findIndex(request, context);
    if (found !== undefined) return found;
  }
  if (request.location.settings.autoindex && (method === "GET" || method === "HEAD"))
    return serveListing(request, context);
  if (!readable) return status(405);
  context.log("error", `directory index of "${filePath(request, rootOf(request, context))}" is forbidden`, request);
  return status(403);
}

export function rootOf(request: HttpRequest, context: ContentContext): string {
  return evaluate(request.location.settings.root, request, context);
}

function findIndex(request: HttpRequest, context: ContentContext): Outcome | undefined {
  const { settings } = request.location;
  const folder = filePath(request, rootOf(request, context));
  let folderTested = false;
  for (const template of settings.index) {
    const name = evaluate(template, request, context);
    if (name.startsWith("/")) return { kind: "redirect", path: name, args: request.args };
    const path = folder + name;
    const found = context.files.find(path, settings.openFileCacheValidMs);
    if (found.kind !== "error") return { kind: "redirect", path: request.path + name, args: request.args };
    switch (found.code) {
      case "ELOOP":
        return status(403);
      case "EACCES":
        context.log("error", `"${path}" is forbidden (${describeErrno(found.code)})`, request);
        return status(403);
      case "ENOTDIR":
      case "ENAMETOOLONG":
        return missingIndex(path, found.code, request, context);
      default:
    }
    if (!folderTested) {
      folderTested = true;
      const here = context.files.find(
        folder.length > 1 ? folder.replace(/\/$/, "") : folder,
        settings.openFileCacheValidMs,
      );
      if (here.kind === "error" && here.code === "ENOENT") return missingIndex(folder, here.code, request, context);
    }
    if (found.code !== "ENOENT") {
      context.log("crit", `${found.call} "${path}" failed (${describeErrno(found.code)})`, request);
      return status(500);
    }
  }
  return undefined;
}

function missingIndex(path: string, code: string, request: HttpRequest, context: ContentContext): Outcome {
  if (request.location.settings.logNotFound)
    context.log("error", `"${path}" is not found (${describeErrno(code)})`, request);
  return status(404);
}

function serveFile(request: HttpRequest, context: ContentContext): Outcome {
  const { settings } = request.location;
  const path = filePath(request, rootOf(request, context));
  const found = context.files.find(path, settings.openFileCacheValidMs);
  switch (found.kind) {
    case "error":
      return openFailed(path, found, request, context);
    case "folder": {
      const args = request.args === undefined || request.args === "" ? "" : `?${request.args}`;
      return { kind: "status", status: 301, location: `${escapeUri(request.path)}/${args}` };
    }
    case "other":
      context.log("crit", `"${path}" is not a regular file`, request);
      return status(404);
    default:
  }
  if (request.method === "POST") return status(405);
  if (found.content !== undefined) return answerFile(request, context, found.mtimeSeconds, found.size, found);
  const opened = context.files.open(path);
  if ("kind" in opened) return openFailed(path, opened, request, context);
  return answerFile(request, context, opened.mtimeSeconds, opened.size, opened.handle);
}

function openFailed(path: string, failure: NotFound, request: HttpRequest, context: ContentContext): Outcome {
  const missing = failure.code === "ENOENT" || failure.code === "ENOTDIR" || failure.code === "ENAMETOOLONG";
  const forbidden = failure.code === "EACCES" || failure.code === "ELOOP" || failure.code === "EMLINK";
  if (!missing || request.location.settings.logNotFound) {
    context.log(
      missing || forbidden ? "error" : "crit",
      `${failure.call} "${path}" failed (${describeErrno(failure.code)})`,
      request,
    );
  }
  return status(missing ? 404 : forbidden ? 403 : 500);
}

/** `source` is the kept file or the handle of an open one, which every way out of here either hands on or leaves to be closed. */
function answerFile(
  request: HttpRequest,
  context: ContentContext,
  mtimeSeconds: number,
  size: number,
  source: FoundFile | number,
): Outcome {
  const { settings } = request.location;
  request.bodyAsked = true;
  const etag = settings.etag ? `"${mtimeSeconds.toString(16)}-${size.toString(16)}"` : undefined;
  const headers: [string, string][] = etag === undefined ? [] : [["ETag", etag]];
  const sent = request.errorStatus === 0 ? 200 : request.errorStatus;
  const validators = { etag, lastModified: mtimeSeconds };
  const { head } = request;
  if (sent === 200) {
    const verdict = evaluateConditions(
      {
        ifModifiedSince: head.header(HEADER.ifModifiedSince),
        ifUnmodifiedSince: head.header(HEADER.ifUnmodifiedSince),
        ifMatch: head.header(HEADER.ifMatch),
        ifNoneMatch: head.header(HEADER.ifNoneMatch),
      },
      validators,
      settings.ifModifiedSince,
    );
    if (verdict === 412) return { kind: "status", status: 412, closes: true, ...unsent(source) };
    if (verdict === 304) {
      const response: Response = {
        status: 304,
        contentType: undefined,
        contentLength: undefined,
        lastModified: mtimeSeconds,
        headers,
        body: NO_BODY,
      };
      return { kind: "response", response: withClosed(response, source) };
    }
  }
  const contentType = typeOf(request);
  const ranged = sent === 200 && request.version >= HTTP_10 && settings.rangesMax > 0;
  const range = head.header(HEADER.range);
  if (ranged && range !== undefined) {
    const ifRange = head.header(HEADER.ifRange);
    if (ifRange === undefined || ifRangeHolds(ifRange, validators)) {
      const result = parseRanges(range, size, settings.rangesMax);
      if (result.kind === "unsatisfiable") {
        return {
          kind: "status",
          status: 416,
          headers: [...headers, ["Content-Range", `bytes */${size}`]],
          ...unsent(source),
        };
      }
      if (result.kind === "ranges")
        return answerRanges(result.ranges, size, contentType, headers, mtimeSeconds, source, context);
    }
  }
  if (ranged) headers.push(["Accept-Ranges", "bytes"]);
  const response: Response = {
    status: sent,
    contentType,
    contentLength: size,
    lastModified: sent === 200 ? mtimeSeconds : undefined,
    headers,
    body: bodyOf(source, [{ start: 0, end: size }], [], undefined),
  };
  return typeof source === "number" ? { kind: "response", response } : { kind: "response", response, file: source };
}

/** A response that does not use the open file still has to have it closed: a file body without pieces does that. */
function withClosed(response: Response, source: FoundFile | number): Response {
  return typeof source === "number"
    ? { ...response, body: { kind: "file", handle: source, pieces: [], after: undefined } }
    : response;
}

function unsent(source: FoundFile | number): { readonly handle?: number } {
  return typeof source === "number" ? { handle: source } : {};
}

function answerRanges(
  ranges: readonly ByteRange[],
  size: number,
  contentType: string | undefined,
  headers: [string, string][],
  lastModified: number,
  source: FoundFile | number,
  context: ContentContext,
): Outcome {
  const [first] = ranges;
  if (ranges.length === 1 && first !== undefined) {
    headers.push(["Content-Range", `bytes ${first.start}-${first.end - 1}/${size}`]);
    const body = bodyOf(source, ranges, [], undefined);
    const contentLength = first.end - first.start;
    return { kind: "response", response: { status: 206, contentType, contentLength, lastModified, headers, body } };
  }
  const boundary = context.nextBoundary();
  const type = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  const before = ranges.map(({ start, end }) =>
    Buffer.from(`\r\n--${boundary}\r\n${type}Content-Range: bytes ${start}-${end - 1}/${size}\r\n\r\n`, "latin1"),
  );
  const after = Buffer.from(`\r\n--${boundary}--\r\n`, "latin1");
  let contentLength = after.length;
  for (const [i, { start, end }] of ranges.entries()) contentLength += (before[i]?.length ?? 0) + end - start;
  const response: Response = {
    status: 206,
    contentType: `multipart/byteranges; boundary=${boundary}`,
    contentLength,
    lastModified,
    headers,
    body: bodyOf(source, ranges, before, after),
  };
  return { kind: "response", response };
}

function bodyOf(
  source: FoundFile | number,
  ranges: readonly ByteRange[],
  before: readonly Buffer[],
  after: Buffer | undefined,
): Body {
  if (typeof source === "number") {
    return {
      kind: "file",
      handle: source,
      pieces: ranges.map(({ start, end }, i) => ({ before: before[i], start, end })),
      after,
    };
  }
  const content = source.content ?? Buffer.alloc(0);
  const parts: Buffer[] = [];
  for (const [i, { start, end }] of ranges.entries()) {
    const head = before[i];
    if (head !== undefined) parts.push(head);
    parts.push(start === 0 && end === content.length ? content : content.subarray(start, end));
  }
  if (after !== undefined) parts.push(after);
  return { kind: "memory", parts };
}

/** By the extension of the path, in lower case. An empty default means no header. */
export function typeOf(request: HttpRequest): string | undefined {
  const { settings } = request.location;
  const extension = request.extension;
  const type =
    (extension === undefined ? undefined : settings.types.get(extension.toLowerCase())) ?? settings.defaultType;
  return type === "" ? undefined : type;
}

function serveListing(request: HttpRequest, context: ContentContext): Outcome {
  const { settings } = request.location;
  request.bodyAsked = true;
  const folder = filePath(request, rootOf(request, context));
  const path = folder.length > 1 ? folder.slice(0, -1) : folder;
  let callback: string | undefined;
  if (settings.autoindexFormat === "jsonp") {
    callback = /(?:^|&)callback=([^&]*)/.exec(request.args ?? "")?.[1];
    if (callback !== undefined && (callback.length > 128 || !/^[A-Za-z0-9_.]*$/.test(callback))) return status(400);
    if (callback === "") callback = undefined;
  }
  let listed: readonly ListedFile[];
  try {
    listed = sortListing(readFolder(context.files.systemPath(path)));
  } catch (error) {
    const code = errorCode(error);
    const missing = code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG";
    context.log(
      missing || code === "EACCES" ? "error" : "crit",
      `opendir() "${path}" failed (${describeErrno(code)})`,
      request,
    );
    return status(missing ? 404 : code === "EACCES" ? 403 : 500);
  }
  const [contentType, text] = render(request, listed, callback);
  const response: Response = {
    status: request.errorStatus === 0 ? 200 : request.errorStatus,
    contentType,
    contentLength: undefined,
    chunked: true,
    headers: [],
    body: { kind: "memory", parts: [Buffer.from(text, "latin1")] },
  };
  return { kind: "response", response };
}

function render(
  request: HttpRequest,
  files: readonly ListedFile[],
  callback: string | undefined,
): readonly [string, string] {
  const { settings } = request.location;
  switch (settings.autoindexFormat) {
    case "html":
      return ["text/html", listAsHtml(request.path, files, settings)];
    case "xml":
      return ["text/xml; charset=utf-8", listAsXml(files)];
    case "json":
    case "jsonp":
      return [callback === undefined ? "application/json" : "application/javascript", listAsJson(files, callback)];
  }
}

function readFolder(systemPath: string | Buffer): readonly ListedFile[] {
  const files: ListedFile[] = [];
  const base = Buffer.concat([Buffer.from(systemPath), Buffer.from("/")]);
  for (const name of readdirSync(systemPath, { encoding: "buffer" })) {
    if (name[0] === 0x2e) continue;
    try {
      const stats = statSync(Buffer.concat([base, name]));
      files.push({
        name: name.toString("latin1"),
        folder: stats.isDirectory(),
        file: stats.isFile(),
        size: stats.size,
        mtimeMs: stats.mtimeMs,
      });
    } catch (error) {
      if (errorCode(error) !== "ENOENT" && errorCode(error) !== "ELOOP") continue;
      // A dangling link is listed like an empty file of the epoch.
      files.push({ name: name.toString("latin1"), folder: false, file: false, size: 0, mtimeMs: 0 });
    }
  }
  return files;
}
