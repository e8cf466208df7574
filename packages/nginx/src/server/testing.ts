/** A server in the test's own process, on a loopback port that the system chooses. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildConfig } from "../config/build.ts";
import type { MainConfig } from "../config/model.ts";
import { parseConfig } from "../config/parse.ts";
import { readEnvironment } from "./environment.ts";
import { WebServer } from "./web-server.ts";

export interface TestServer extends AsyncDisposable {
  /** Its folder: `root` is served, logs are `access.log` and `error.log`. */
  readonly folder: string;
  readonly server: WebServer;
  readonly port: number;
  /** A configuration with this text inside `server { … }`. */
  configure(text: string): MainConfig;
  connect(): Promise<TestClient>;
}

export async function startTestServer(text: string): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), "nginx-test-"));
  const server = new WebServer({ environment: readEnvironment({}), report: () => {}, bindRetryMs: 1 });
  const configure = (inside: string): MainConfig => {
    const conf = `error_log ${folder}/error.log info; events { worker_connections 100; } http { access_log ${folder}/access.log; root ${folder};
      server { listen 127.0.0.1:1; ${inside} } }`;
    const parsed = parseConfig({ files: { read: () => conf, glob: () => [] }, path: "/test.conf" });
    const config = buildConfig(parsed, {
      prefix: folder,
      defaults: { accessLog: "", errorLog: "", pid: "" },
      privileged: false,
    });
    // The configuration has no word for a port of the system's choice; a reload keeps the one that was chosen.
    return { ...config, addresses: config.addresses.map((address) => ({ ...address, port: server.ports[0] ?? 0 })) };
  };
  await server.apply(configure(text));
  const port = server.ports[0] ?? 0;
  return {
    folder,
    server,
    port,
    configure,
    connect: () => TestClient.open(port),
    [Symbol.asyncDispose]() {
      server.stop();
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

export class TestClient {
  readonly socket: Socket;
  received = "";
  ended = false;
  #changed: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.received += text;
      this.#changed?.();
    });
    const end = (): void => {
      this.ended = true;
      this.#changed?.();
    };
    socket.on("end", end);
    socket.on("error", end);
    socket.on("close", end);
  }

  static open(port: number): Promise<TestClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new TestClient(socket));
      });
    });
  }

  send(text: string): void {
    this.socket.write(Buffer.from(text, "latin1"));
  }

  /** Resolves when what was received, or that it ended, satisfies `condition`. */
  async until(condition: (client: TestClient) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** Sends a request and resolves with its answer; the answer must have a body of announced length. */
  async get(path: string, headers = ""): Promise<string> {
    this.received = "";
    this.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    await this.until(({ received, ended }) => ended || isWhole(received));
    return this.received;
  }
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf("\r\n\r\n");
  const length = /Content-Length: (\d+)/.exec(answer)?.[1];
  return end >= 0 && (length === undefined || answer.length >= end + 4 + Number(length));
}
