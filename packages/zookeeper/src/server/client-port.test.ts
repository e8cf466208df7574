import { createLog } from "@ordinal/io";
import { expect, test } from "vitest";

import { QuorumConfig } from "../config/quorum-config.ts";
import { ClientPort } from "./client-port.ts";
import { RawClient } from "./testing/raw-client.ts";
import { SERVER_HOST, withService } from "./testing/service-fixture.ts";

const log = createLog({ component: "test", write: () => {} });
const OTHER_PORT = 2190;

test("a reconfiguration moves the port; clients that are there stay", () =>
  withService(async ({ world, service, pass, ports }) => {
    const port = new ClientPort({ net: ports.net, resolver: ports.resolver, log }, service);
    await port.open({ host: "0.0.0.0", port: 2182 });
    expect(port.address).toMatchObject({ port: 2182 });
    const net = world.host("10.0.0.8").start().net;
    const client = await RawClient.open(net, { host: SERVER_HOST, port: 2182 });
    await client.handshake();
    const config = QuorumConfig.parse(`server.1=${SERVER_HOST}:2888:3888:participant;0.0.0.0:${OTHER_PORT}\nversion=1`);
    port.follow(config, 2);
    port.follow(config, 1);
    await pass(100);
    expect(port.address).toMatchObject({ port: OTHER_PORT });
    expect(client.isClosed).toBe(false);
    await expect(RawClient.open(net, { host: SERVER_HOST, port: 2182 })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
    const next = await RawClient.open(net, { host: SERVER_HOST, port: OTHER_PORT });
    expect((await next.handshake()).sessionId).not.toBe(0n);
    await port.close();
    await expect(RawClient.open(net, { host: SERVER_HOST, port: OTHER_PORT })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
    expect(next.isClosed).toBe(false);
  }));
