import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { request } from "node:https";

import { createKinds, NODE_PORT_RANGE } from "../../kinds/index.ts";
import { createCertificates } from "../certificates.ts";
import type { Client } from "../client.ts";
import { type ApiServer, startApiServer } from "../http/server.ts";
import { createLocalClient } from "../local-client.ts";
import { createRegistry, type Registry } from "../registry.ts";
import { localNode } from "./local-node.ts";
import { MemoryStore } from "./memory-store.ts";
import { notes, widgets } from "./test-kinds.ts";

export interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface TestServer {
  readonly registry: Registry;
  readonly client: Client;
  readonly api: ApiServer;
  readonly token: string;
  readonly ca: string;
  call(
    method: string,
    path: string,
    options?: { headers?: OutgoingHttpHeaders; body?: unknown; type?: string },
  ): Promise<Answer>;
  close(): Promise<void>;
}

let certificates: ReturnType<typeof createCertificates> | undefined;

/** The real kinds, and the test kinds, over HTTPS on a free port of loopback; the store is in memory. */
export async function startTestServer(): Promise<TestServer> {
  certificates ??= createCertificates(["localhost", "127.0.0.1"], Date.now());
  const { ca, certificate, key } = await certificates;
  const kinds = [...createKinds({ clusterIPRange: "127.9.240.0/20", nodePortRange: NODE_PORT_RANGE }), widgets, notes];
  const registry = await createRegistry({ kinds, store: new MemoryStore() });
  const token = "a-token-of-tests-that-is-long-enough";
  const api = await startApiServer({ registry, node: localNode, pki: { certificate, key }, token });
  return {
    registry,
    client: createLocalClient(registry, "test"),
    api,
    token,
    ca,
    call(method, path, { headers = {}, body, type = "application/json" } = {}) {
      const sent = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
      const own = {
        authorization: `Bearer ${token}`,
        accept: "application/json",
        ...(sent !== undefined && { "content-type": type, "content-length": Buffer.byteLength(sent) }),
      };
      return new Promise((resolve, reject) => {
        const options = {
          method,
          path,
          host: "127.0.0.1",
          port: api.port,
          ca,
          servername: "localhost",
          agent: false as const,
          headers: { ...own, ...headers },
        };
        const call = request(options, (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            resolve({
              code: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString(),
            });
          });
        });
        call.on("error", reject);
        call.end(sent);
      });
    },
    async close() {
      await api.close();
      await registry.close();
    },
  };
}
