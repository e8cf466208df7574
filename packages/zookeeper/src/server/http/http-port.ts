import type { NetAddress } from "@ordinal/io";

export interface HttpRequest {
  readonly method: string;
  /** Without the query, as it was sent. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly remoteHost: string;
  /** By lower-case name. */
  header(name: string): string | undefined;
  /** The whole body; rejects where it is longer than the server takes. */
  body(): Promise<Uint8Array>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<Uint8Array>;
}

export interface HttpListener {
  readonly address: NetAddress;
  /** Takes no more connections and ends those there are. */
  close(): Promise<void>;
}

/** HTTP as a port: the operator's windows are not part of what is simulated. */
export interface Http {
  /** Rejects with the system's error where it cannot listen. */
  listen(address: NetAddress, answer: (request: HttpRequest) => Promise<HttpAnswer>): Promise<HttpListener>;
}
