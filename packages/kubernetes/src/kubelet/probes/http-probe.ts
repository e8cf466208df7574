/** HTTP probes as kubernetes `pkg/probe/http/http.go` makes them. */
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

import type { Container, HTTPGetAction } from "kubernetes-types/core/v1.d.ts";

import type { ProbeOutcome } from "../worker/messages.ts";
import { dialError } from "./dial-error.ts";
import { type PodPlace, probeAddress } from "./target.ts";

const REDIRECTS_MAX = 10;

export function httpUrl(action: HTTPGetAction, container: Container, pod: PodPlace): URL {
  const { host, port } = probeAddress(action, container, pod);
  const path = action.path ?? "/";
  return new URL(
    `${(action.scheme ?? "HTTP").toLowerCase()}://${host}:${port}${path.startsWith("/") ? path : `/${path}`}`,
  );
}

/** Success is any status from 200 to 399; redirects to the same host are followed. Certificates are not checked. */
export async function httpProbe(
  action: HTTPGetAction,
  container: Container,
  pod: PodPlace,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  let url = httpUrl(action, container, pod);
  const first = url;
  const deadline = AbortSignal.timeout(timeoutMs);
  for (let redirects = 0; ; redirects++) {
    let answer: { readonly status: number; readonly location: string | undefined };
    try {
      answer = await get(url, action.httpHeaders ?? [], deadline);
    } catch (error) {
      const shown = shownUrl(url, action);
      const why = deadline.aborted
        ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        : dialError(error, url.hostname, Number(url.port) || (url.protocol === "https:" ? 443 : 80));
      return { result: "failure", output: `Get "${shown}": ${why}` };
    }
    if (answer.status >= 300 && answer.status < 400 && answer.location !== undefined && redirects < REDIRECTS_MAX) {
      const next = URL.parse(answer.location, url);
      if (next !== null && next.hostname === first.hostname && /^https?:$/.test(next.protocol)) {
        url = next;
        continue;
      }
    }
    if (answer.status >= 200 && answer.status < 400) return { result: "success", output: "" };
    return { result: "failure", output: `HTTP probe failed with statuscode: ${answer.status}` };
  }
}

/** URL leaves a default port out; the original's words name it. */
function shownUrl(url: URL, action: HTTPGetAction): string {
  const port =
    url.port === "" && typeof action.port === "number" ? `:${action.port}` : url.port === "" ? "" : `:${url.port}`;
  return `${url.protocol}//${url.hostname}${port}${url.pathname}${url.search}`;
}

export function get(
  url: URL,
  headers: readonly { readonly name: string; readonly value: string }[],
  signal: AbortSignal,
): Promise<{ status: number; location: string | undefined }> {
  const sent: Record<string, string | string[]> = {
    "User-Agent": "kube-probe/1.32",
    Accept: "*/*",
    Connection: "close",
  };
  for (const { name, value } of headers) {
    const key = Object.keys(sent).find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
    if (value === "" && key === "Accept") delete sent[key];
    else sent[key] = value;
  }
  return new Promise((resolve, reject) => {
    const options = { agent: false as const, headers: sent, signal };
    const onAnswer = (response: IncomingMessage) => {
      // The status is all that counts; a body however long is not waited for.
      resolve({ status: response.statusCode ?? 0, location: response.headers.location });
      response.on("error", () => {});
      response.destroy();
    };
    const sending =
      url.protocol === "https:"
        ? httpsRequest(url, { ...options, rejectUnauthorized: false }, onAnswer)
        : httpRequest(url, options, onAnswer);
    sending.on("error", reject);
    sending.end();
  });
}
