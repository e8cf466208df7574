// Which part of the server answers a path.
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

import type { Log } from "@ordinal/io";

import { noSuchResource } from "../kind-table.ts";
import type { NodeConnection, PodRef } from "../node.ts";
import { badRequest } from "../refusals.ts";
import type { Registry } from "../registry.ts";
import { Discovery, REVIEWS } from "./discovery.ts";
import type { Guard } from "./guard.ts";
import { notAcceptable, wantsAggregatedDiscovery } from "./negotiation.ts";
import { acceptsOpenApiV2, OPENAPI_V2_TYPE, openApiV2 } from "./openapi-v2.ts";
import { OpenApi } from "./openapi.ts";
import { PodStreams } from "./pod-streams.ts";
import { parseResourcePath, type ResourcePath } from "./resource-path.ts";
import { serveResource, wrongMethod } from "./resources.ts";
import { type Exchange, sendBytes, sendJson, sendText } from "./respond.ts";
import { serveReview } from "./reviews.ts";
import { VERSION } from "./version.ts";

const AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/**
 * kubectl asks which custom resources there are before it says that it knows no such kind. There are none, and the
 * group is not in discovery.
 */
const CUSTOM_RESOURCE_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const NO_CUSTOM_RESOURCE_DEFINITIONS = {
  kind: "CustomResourceDefinitionList",
  apiVersion: "apiextensions.k8s.io/v1",
  metadata: { resourceVersion: "1" },
  items: [],
};

export class Router {
  /** Of the server itself, as discovery tells it. */
  address = "";
  readonly #registry: Registry;
  readonly #discovery: Discovery;
  readonly #openApi: OpenApi;
  readonly #streams: PodStreams;
  #openApiV2: Buffer | undefined;

  constructor(registry: Registry, node: NodeConnection | ((pod: PodRef) => NodeConnection), log: Log | undefined) {
    this.#registry = registry;
    this.#discovery = new Discovery(registry.table.kinds);
    this.#openApi = new OpenApi(registry.table.kinds);
    this.#streams = new PodStreams(registry, typeof node === "function" ? node : () => node, log);
  }

  async serve(exchange: Exchange): Promise<void> {
    const { pathname } = exchange.url;
    if (this.#serveFixed(exchange, pathname)) return;
    const path = resourcePath(pathname);
    if (path === undefined) throw noSuchResource();
    const { method } = exchange.request;
    if (REVIEWS.some((review) => review.group === path.group && review.resource === path.resource)) {
      if (method !== "POST") throw wrongMethod();
      return serveReview(path.resource, exchange);
    }
    const kind = this.#registry.table.at(path.group, path.version, path.resource);
    if (kind === undefined) throw noSuchResource();
    if (kind.resource === "pods" && path.subresource === "log") {
      if (method !== "GET") throw wrongMethod();
      return this.#streams.logs(path, exchange);
    }
    return serveResource(this.#registry, kind, path, exchange);
  }

  /** Exec, attach and port-forward. The guard stands here as before every request. */
  upgrade(guard: Guard, request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#streams.upgrade(guard, request, socket, head);
  }

  close(): void {
    this.#streams.close();
  }

  #serveFixed(exchange: Exchange, pathname: string): boolean {
    const answer = this.#fixed(exchange, pathname.length > 1 ? pathname.replace(/\/$/, "") : pathname);
    if (answer === undefined) return false;
    const { method } = exchange.request;
    if (method !== "GET" && method !== "HEAD") throw wrongMethod();
    answer();
    return true;
  }

  #fixed(exchange: Exchange, pathname: string): (() => void) | undefined {
    switch (pathname) {
      case "/version":
        return () => sendJson(exchange, 200, VERSION);
      case "/livez":
      case "/readyz":
      case "/healthz":
        return () => sendText(exchange, 200, "ok");
      case "/":
        return () => sendJson(exchange, 200, { paths: this.#paths() });
      case "/api":
        return () => this.#sendDiscovery(exchange, true);
      case "/apis":
        return () => this.#sendDiscovery(exchange, false);
      case "/openapi/v3":
        return () => sendJson(exchange, 200, this.#openApi.index());
      case "/openapi/v2":
        return () => this.#sendOpenApiV2(exchange);
      case CUSTOM_RESOURCE_DEFINITIONS:
        return () => sendJson(exchange, 200, NO_CUSTOM_RESOURCE_DEFINITIONS);
      default:
        if (pathname.startsWith("/openapi/v3/")) {
          return () => this.#sendOpenApi(exchange, pathname.slice("/openapi/v3/".length));
        }
        return this.#groupDiscovery(exchange, pathname);
    }
  }

  #groupDiscovery(exchange: Exchange, pathname: string): (() => void) | undefined {
    const [, root, first = "", second, ...more] = pathname.split("/");
    if (more.length > 0) return undefined;
    if (root === "api" && second === undefined && this.#discovery.serves("", first)) {
      return () => sendJson(exchange, 200, this.#discovery.resourceList("", first));
    }
    if (root !== "apis") return undefined;
    if (second !== undefined) {
      if (!this.#discovery.serves(first, second)) return undefined;
      return () => sendJson(exchange, 200, this.#discovery.resourceList(first, second));
    }
    const group = this.#discovery.apiGroup(first);
    return group && (() => sendJson(exchange, 200, group));
  }

  #sendDiscovery(exchange: Exchange, core: boolean): void {
    exchange.response.setHeader("Vary", "Accept");
    if (wantsAggregatedDiscovery(exchange.request.headers.accept)) {
      sendJson(exchange, 200, this.#discovery.aggregated(core), AGGREGATED_TYPE);
    } else {
      sendJson(exchange, 200, core ? this.#discovery.apiVersions(this.address) : this.#discovery.apiGroupList());
    }
  }

  #sendOpenApiV2(exchange: Exchange): void {
    if (!acceptsOpenApiV2(exchange.request.headers.accept)) throw notAcceptable();
    this.#openApiV2 ??= openApiV2(this.#registry.table.kinds);
    sendBytes(exchange, 200, this.#openApiV2, OPENAPI_V2_TYPE);
  }

  #sendOpenApi(exchange: Exchange, path: string): void {
    const document = this.#openApi.document(path);
    if (document === undefined) throw noSuchResource();
    const { request, response, url } = exchange;
    const etag = `"${document.hash}"`;
    const hash = url.searchParams.get("hash");
    // A URL with the hash of the document always gives that document; one with an old hash leads to the new one.
    if (hash !== null && hash !== document.hash) {
      response.writeHead(301, { Location: `/openapi/v3/${path}?hash=${document.hash}` }).end();
      return;
    }
    response.setHeader("Etag", etag);
    response.setHeader("Vary", "Accept");
    response.setHeader("Cache-Control", hash === null ? "no-cache, private" : "public, immutable");
    if (request.headers["if-none-match"] === etag) {
      response.writeHead(304).end();
      return;
    }
    response.setHeader("Content-Type", "application/json");
    response.setHeader("Content-Length", document.body.length);
    response.end(document.body);
  }

  #paths(): string[] {
    const groups = this.#discovery
      .groups()
      .flatMap(({ name, versions }) => [`/apis/${name}`, ...versions.map((version) => `/apis/${name}/${version}`)]);
    return [
      "/api",
      "/api/v1",
      "/apis",
      ...groups,
      "/healthz",
      "/livez",
      "/openapi/v2",
      "/openapi/v3",
      "/readyz",
      "/version",
    ];
  }
}

function resourcePath(pathname: string): ResourcePath | undefined {
  try {
    return parseResourcePath(pathname);
  } catch (error) {
    if (error instanceof URIError) throw badRequest("the request target has bad percent-encoding");
    throw error;
  }
}
