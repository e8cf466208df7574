/**
 * The way of a request through nginx's phases (src/http/ngx_http_core_module.c): the server's rewrite, the location, its
 * rewrite, try_files, content; and what becomes of errors (ngx_http_special_response.c).
 */
import { closeSync } from "node:fs";

import { findLocation } from "../config/locations.ts";
import type { Return } from "../config/model.ts";
import { filePath } from "../http/file-path.ts";
import { HEADER } from "../http/header-names.ts";
import { HTTP_10 } from "../http/request-line.ts";
import type { HttpRequest } from "../http/request.ts";
import { NO_BODY, signature, type Response } from "../http/response.ts";
import { errorPage, sentStatus } from "../http/status.ts";
import { evaluate } from "../http/variables.ts";
import { rootOf, serveContent, status, typeOf, type ContentContext, type Outcome } from "./content.ts";
import { describeErrno } from "./errno.ts";
import type { FoundFile } from "./file-cache.ts";

export interface Answer {
  readonly kind: "answer";
  readonly response: Response;
  /** The kept file whose whole content is the body. */
  readonly file: FoundFile | undefined;
}

/** The answer to a request whose head is complete and valid; undefined: the connection is closed without one (`return 444`). */
export function answer(
  request: HttpRequest,
  bodyBytes: number | undefined,
  context: ContentContext,
): Answer | undefined {
  return finish(request, fromServerRewrite(request, bodyBytes, context), bodyBytes, context);
}

/** The answer to a request that is refused before it has a location. */
export function answerError(request: HttpRequest, code: number, context: ContentContext): Answer | undefined {
  return finish(request, status(code), undefined, context);
}

function finish(
  request: HttpRequest,
  first: Outcome,
  bodyBytes: number | undefined,
  context: ContentContext,
): Answer | undefined {
  let outcome = first;
  for (;;) {
    switch (outcome.kind) {
      case "response":
        if (request.bodyInvalid && request.bodyAsked) {
          const { body } = outcome.response;
          outcome = body.kind === "file" ? { kind: "status", status: 400, handle: body.handle } : status(400);
          break;
        }
        return { kind: "answer", response: outcome.response, file: outcome.file };
      case "redirect":
        outcome = internalRedirect(request, outcome.path, outcome.args, bodyBytes, context);
        break;
      default: {
        if (outcome.handle !== undefined) closeSync(outcome.handle);
        if (outcome.closes === true) request.closesAfter = true;
        if (outcome.status === 444 || outcome.status === 499 || outcome.status === 408) {
          request.status = outcome.status;
          return undefined;
        }
        const next = special(request, outcome, context);
        if (next.kind === "answer") return next;
        outcome = next;
      }
    }
  }
}

function fromServerRewrite(request: HttpRequest, bodyBytes: number | undefined, context: ContentContext): Outcome {
  request.location = request.server.location;
  const returns = request.server.location.returns;
  if (returns !== undefined) return runReturn(request, returns, context);
  const found = findLocation(request.server.location, request.path);
  request.location = found.location;
  if (found.captures !== undefined) request.captures = found.captures;
  const { settings } = found.location;
  request.keepAlive &&= mayKeepAlive(request);
  if (found.location.internal && !request.internal) return status(404);
  if (bodyBytes !== undefined && settings.clientMaxBodyBytes > 0 && bodyBytes > settings.clientMaxBodyBytes) {
    context.log("error", `client intended to send too large body: ${bodyBytes} bytes`, request);
    return status(413);
  }
  return fromLocationRewrite(request, context);
}

/** What a location's settings say about keeping the connection. */
export function mayKeepAlive(request: HttpRequest): boolean {
  const { settings } = request.location;
  if (settings.keepaliveTimeoutMs === 0 || request.ordinal >= settings.keepaliveRequests) return false;
  if (request.startedAtMs - request.connection.startedAtMs > settings.keepaliveTimeMs) return false;
  if (!settings.keepaliveDisableMsie6 && !settings.keepaliveDisableSafari) return true;
  const agent = request.head.header(HEADER.userAgent);
  if (agent === undefined) return true;
  if (
    settings.keepaliveDisableMsie6 &&
    request.method === "POST" &&
    /MSIE [456]\./.test(agent) &&
    !agent.includes("SV1")
  )
    return false;
  return !(
    settings.keepaliveDisableSafari &&
    agent.includes("Safari/") &&
    agent.includes("Mac OS X") &&
    !agent.includes("Chrome/")
  );
}

function fromLocationRewrite(request: HttpRequest, context: ContentContext): Outcome {
  const { location } = request;
  if (location.returns !== undefined && location !== request.server.location)
    return runReturn(request, location.returns, context);
  if (location.tryFiles !== undefined) {
    const tried = runTryFiles(request, context);
    if (tried !== undefined) return tried;
  }
  return serveContent(request, context);
}

function runReturn(request: HttpRequest, returns: Return, context: ContentContext): Outcome {
  const text = returns.text === undefined ? "" : evaluate(returns.text, request, context);
  const code = returns.status;
  if (code < 400 || text !== "") request.bodyAsked = true;
  if (code === 204) {
    return {
      kind: "response",
      response: { status: 204, contentType: undefined, contentLength: undefined, headers: [], body: NO_BODY },
    };
  }
  if (code === 301 || code === 302 || code === 303 || code === 307 || code === 308)
    return { kind: "status", status: code, location: text };
  if (code === 444 || (code >= 400 && text === "")) return status(code);
  const body = Buffer.from(text, "latin1");
  const response: Response = {
    status: request.errorStatus === 0 ? code : request.errorStatus,
    contentType: typeOf(request),
    contentLength: body.length,
    headers: [],
    body: { kind: "memory", parts: [body] },
  };
  return { kind: "response", response };
}

/** Undefined: the request goes on with the path that `try_files` found. */
function runTryFiles(request: HttpRequest, context: ContentContext): Outcome | undefined {
  const { location } = request;
  const { tryFiles } = location;
  if (tryFiles === undefined) return undefined;
  const root = rootOf(request, context);
  for (const template of tryFiles.files) {
    const name = evaluate(template, request, context);
    const wantsFolder = endsWithSlash(template);
    const uri = wantsFolder ? name.slice(0, -1) : name;
    const path = filePath(request, root, uri);
    const found = context.files.find(path, location.settings.openFileCacheValidMs);
    if (found.kind === "error") {
      if (found.code !== "ENOENT" && found.code !== "ENOTDIR" && found.code !== "ENAMETOOLONG") {
        context.log("crit", `${found.call} "${path}" failed (${describeErrno(found.code)})`, request);
      }
      continue;
    }
    if ((found.kind === "folder") !== wantsFolder) continue;
    request.path = uri;
    return undefined;
  }
  if (tryFiles.fallback.kind === "status") return status(tryFiles.fallback.status);
  return redirectTo(request, evaluate(tryFiles.fallback.uri, request, context), context);
}

function endsWithSlash(template: string | readonly unknown[]): boolean {
  const last = typeof template === "string" ? template : template.at(-1);
  return typeof last === "string" && last.endsWith("/");
}

/** A path of the configuration, with or without arguments, or a named location. */
function redirectTo(request: HttpRequest, target: string, context: ContentContext): Outcome {
  if (target.startsWith("@")) return namedLocation(request, target, context);
  const question = target.indexOf("?");
  return question < 0
    ? { kind: "redirect", path: target, args: undefined }
    : { kind: "redirect", path: target.slice(0, question), args: target.slice(question + 1) };
}

function internalRedirect(
  request: HttpRequest,
  path: string,
  args: string | undefined,
  bodyBytes: number | undefined,
  context: ContentContext,
): Outcome {
  if (--request.redirectsLeft === 0) {
    context.log("error", `rewrite or internal redirection cycle while internally redirecting to "${path}"`, request);
    return status(500);
  }
  request.path = path;
  request.args = args;
  request.internal = true;
  return fromServerRewrite(request, bodyBytes, context);
}

function namedLocation(request: HttpRequest, name: string, context: ContentContext): Outcome {
  if (--request.redirectsLeft === 0) {
    context.log("error", `rewrite or internal redirection cycle while redirect to named location "${name}"`, request);
    return status(500);
  }
  const location = request.server.location.children.named.get(name);
  if (location === undefined) {
    context.log("error", `could not find named location "${name}"`, request);
    return status(500);
  }
  request.internal = true;
  request.location = location;
  return fromLocationRewrite(request, context);
}

const ENDS_CONNECTION = new Set([400, 413, 414, 494, 497, 495, 496, 500, 501]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** A status is given its `error_page`, or nginx's own. */
function special(
  request: HttpRequest,
  outcome: Outcome & { kind: "status" },
  context: ContentContext,
): Answer | Outcome {
  const code = outcome.status;
  if (ENDS_CONNECTION.has(code) && code !== 494) request.keepAlive = false;
  if (code === 400 || (code >= 495 && code <= 497)) request.lingers = false;
  if (request.bodyInvalid) request.keepAlive = false;
  const { settings } = request.location;
  request.errorStatus = code;
  if (!request.inErrorPage && settings.errorPages.length > 0 && request.redirectsLeft > 0) {
    if (!settings.recursiveErrorPages) request.inErrorPage = true;
    const page = settings.errorPages.find((candidate) => candidate.status === code);
    if (page !== undefined) {
      if (page.overwrite !== undefined) request.errorStatus = page.overwrite;
      const uri = evaluate(page.uri, request, context);
      if (uri.startsWith("/") || uri.startsWith("@")) {
        if (request.method !== "HEAD") request.method = "GET";
        request.carriedHeaders = outcome.headers ?? [];
        return redirectTo(request, uri, context);
      }
      const sent = REDIRECTS.has(request.errorStatus) ? request.errorStatus : 302;
      return plainAnswer(request, sent, sent, { ...outcome, location: uri });
    }
  }
  return plainAnswer(request, code, sentStatus(code), outcome);
}

function plainAnswer(
  request: HttpRequest,
  pageStatus: number,
  sent: number,
  outcome: Outcome & { kind: "status" },
): Answer {
  const { settings } = request.location;
  const agent = settings.msiePadding ? (request.head.header(HEADER.userAgent) ?? "") : "";
  const padded =
    request.version >= HTTP_10 &&
    agent !== "" &&
    !agent.includes("Opera") &&
    (/MSIE ..?./.test(agent) || (agent.includes("Chrome/") && !agent.includes("Gecko/")));
  const page = errorPage(pageStatus, signature(settings.serverTokens), padded);
  const body = page === undefined ? undefined : Buffer.from(page, "latin1");
  const response: Response = {
    status: sent,
    contentType: body === undefined ? undefined : "text/html",
    contentLength: sent === 204 ? undefined : (body?.length ?? 0),
    location: outcome.location,
    headers: (outcome.headers ?? []).filter(([name]) => name !== "ETag"),
    body: body === undefined ? NO_BODY : { kind: "memory", parts: [body] },
  };
  return { kind: "answer", response, file: undefined };
}
