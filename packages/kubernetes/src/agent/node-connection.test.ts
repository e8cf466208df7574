import { mkdtemp, rm, stat } from "node:fs/promises";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duplex, PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { afterEach, beforeEach, expect, test } from "vitest";

import type { ContainerSession, ExecOptions, NodeConnection, PodRef } from "../api/node.ts";
import { StatusError } from "../api/status-error.ts";
import { SILENT } from "../kubelet/testing/test-lab.ts";
import { connectNode } from "./node-client.ts";
import { serveNode } from "./node-server.ts";
import { socketPath } from "./socket-path.ts";

const POD = { namespace: "default", name: "web-0", uid: "u1" };
const EXEC = { container: "a", command: ["x"], stdin: true, stdout: true, stderr: true, tty: false };
const LOGS = { container: "a", follow: true, previous: false, timestamps: false };

/** A kubelet whose commands copy their input to the output, and say so on the other one. */
class EchoNode implements NodeConnection {
  readonly sizes: string[] = [];
  closed = 0;
  readonly #logs = new PassThrough();

  async exec(_pod: PodRef, options: ExecOptions): Promise<ContainerSession> {
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const stderr = Readable.from(["told"]);
    stdin.pipe(stdout);
    const exited = Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.once("end", resolve))));
    return {
      stdin,
      stdout,
      stderr,
      resize: (columns, rows) => this.sizes.push(`${columns}x${rows}`),
      exited: options.command[0] === "hang" ? new Promise(() => {}) : exited.then(() => ({ exitCode: 3 })),
      close: () => void (this.closed += 1),
    };
  }

  attach(): Promise<ContainerSession> {
    return Promise.reject(new StatusError(400, "BadRequest", "no attach", { name: "web-0" }));
  }

  async portForward(): Promise<Duplex> {
    return new PassThrough();
  }

  async logs(): Promise<Readable> {
    this.#logs.write("first\n");
    return this.#logs;
  }

  get logsDestroyed(): boolean {
    return this.#logs.destroyed;
  }
}

let directory: string;
let server: Server;
let echo: EchoNode;
let node: NodeConnection;

beforeEach(async () => {
  // Longer than a socket's address may be.
  directory = await mkdtemp(join(tmpdir(), `${"deep ".repeat(30)}-`));
  echo = new EchoNode();
  const path = socketPath(directory, "node.sock");
  server = await serveNode(echo, path, SILENT);
  node = connectNode(path);
});

afterEach(async () => {
  server.close();
  await rm(directory, { recursive: true, force: true });
});

async function until(holds: () => boolean): Promise<void> {
  for (let round = 0; round < 500 && !holds(); round++) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(holds()).toBe(true);
}

test("only the lab's user may open the socket", async () => {
  expect((await stat(join(directory, "node.sock"))).mode & 0o777).toBe(0o600);
});

test("a session's streams arrive whole, in both directions, with half-close and exit code", async () => {
  const sent = "0123456789".repeat(200_000);
  for (let round = 0; round < 20; round++) {
    const session = await node.exec(POD, EXEC);
    session.resize(80, 24);
    session.stdin?.end(round === 0 ? sent : "short");
    if (round % 2 === 1) await new Promise((resolve) => setImmediate(resolve));
    const echoed = await text(session.stdout as Readable);
    expect(echoed.length).toBe(round === 0 ? sent.length : 5);
    expect(echoed === (round === 0 ? sent : "short")).toBe(true);
    expect(await text(session.stderr as Readable)).toBe("told");
    expect(await session.exited).toEqual({ exitCode: 3 });
  }
  await until(() => echo.sizes.length === 20);
  expect(echo.sizes[0]).toBe("80x24");
  expect(echo.closed).toBe(0);
});

test("closing a session tells the node once", async () => {
  const session = await node.exec(POD, { ...EXEC, command: ["hang"] });
  session.close();
  await until(() => echo.closed === 1);
});

test("refusals keep their code, reason and details", async () => {
  const error = await node.attach(POD, EXEC).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(StatusError);
  expect(error).toMatchObject({ code: 400, reason: "BadRequest", message: "no attach", details: { name: "web-0" } });
});

test("a follower that goes away ends the log's reader, even when nothing more is written", async () => {
  const logs = await node.logs(POD, LOGS);
  const [first] = await new Promise<Buffer[]>((resolve) => logs.once("data", (chunk: Buffer) => resolve([chunk])));
  expect(first?.toString()).toBe("first\n");
  logs.destroy();
  await until(() => echo.logsDestroyed);
});

test("a forwarded connection half-closes", async () => {
  const stream = await node.portForward(POD, 80);
  stream.end("ping");
  expect(await text(stream)).toBe("ping");
});

test("an agent that is gone is an internal error", async () => {
  await new Promise((resolve) => server.close(resolve));
  await expect(node.logs(POD, LOGS)).rejects.toMatchObject({
    code: 500,
    message: expect.stringContaining("error dialing backend"),
  });
});
