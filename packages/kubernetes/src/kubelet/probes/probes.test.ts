import { createServer as createHttp } from "node:http";
import { createServer, type Server } from "node:net";

import { afterEach, describe, expect, test } from "vitest";

import type { RunningContainer } from "../../runtime/pod-runtime.ts";
import { runProbe } from "./run-probe.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}

const POD = { address: "127.0.0.1", podPort: (port: number) => port };
const NO_CONTAINER = {} as RunningContainer;

describe("http", () => {
  const http = (port: number | string, action: object = {}, timeoutSeconds = 1) =>
    runProbe(
      { httpGet: { port, ...action }, timeoutSeconds },
      { name: "a", ports: [{ name: "web", containerPort: typeof port === "number" ? port : 0 }] },
      NO_CONTAINER,
      POD,
    );

  test("200 to 399 is success, the rest is told with its status", async () => {
    const port = await listen(
      createHttp((request, response) => response.writeHead(Number(request.url?.slice(1))).end()),
    );
    expect(await http(port, { path: "/200" })).toEqual({ result: "success", output: "" });
    expect(await http(port, { path: "/399" })).toEqual({ result: "success", output: "" });
    expect(await http(port, { path: "503" })).toEqual({
      result: "failure",
      output: "HTTP probe failed with statuscode: 503",
    });
  });

  test("sends the original's headers and the probe's own", async () => {
    const seen: string[] = [];
    const port = await listen(
      createHttp((request, response) => {
        seen.push(`${request.headers["user-agent"]} ${request.headers["x-a"]} ${request.headers.host}`);
        response.end();
      }),
    );
    await http(port, {
      httpHeaders: [
        { name: "X-A", value: "1" },
        { name: "Host", value: "example" },
      ],
    });
    expect(seen).toEqual(["kube-probe/1.32 1 example"]);
  });

  test("redirects on the same host are followed, others are success", async () => {
    const port: number = await listen(
      createHttp((request, response) =>
        request.url === "/gone"
          ? response.writeHead(404).end()
          : response.writeHead(302, { location: request.url === "/away" ? "http://localhost:1/" : "/gone" }).end(),
      ),
    );
    expect((await http(port, { path: "/here" })).output).toBe("HTTP probe failed with statuscode: 404");
    expect((await http(port, { path: "/away" })).result).toBe("success");
  });

  test("nobody there, and nobody answering", async () => {
    const silent = await listen(createServer(() => {}));
    expect(await http(silent, {}, 0.05)).toEqual({
      result: "failure",
      output: `Get "http://127.0.0.1:${silent}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
    const closed = createServer();
    const port = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    expect(await http(port)).toEqual({
      result: "failure",
      output: `Get "http://127.0.0.1:${port}/": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });

  test("an unknown port name is no verdict", async () => {
    expect(await http("nope")).toEqual({ result: "unknown", output: "couldn't find port: nope in container a" });
  });
});

describe("tcp", () => {
  test("a connection is success, a refusal is told", async () => {
    const open = await listen(createServer());
    expect((await runProbe({ tcpSocket: { port: open } }, { name: "a" }, NO_CONTAINER, POD)).result).toBe("success");
    expect(await runProbe({ tcpSocket: { port: 1 } }, { name: "a" }, NO_CONTAINER, POD)).toEqual({
      result: "failure",
      output: "dial tcp 127.0.0.1:1: connect: connection refused",
    });
  });

  test("a plain process is asked at the port it really has", async () => {
    const open = await listen(createServer());
    expect(
      (
        await runProbe({ tcpSocket: { port: 80 } }, { name: "a" }, NO_CONTAINER, {
          address: "127.0.0.1",
          podPort: () => open,
        })
      ).result,
    ).toBe("success");
  });
});

test("grpc says that it is not there", async () => {
  expect((await runProbe({ grpc: { port: 1 } }, { name: "a" }, NO_CONTAINER, POD)).output).toContain(
    "gRPC probes are not available",
  );
});
