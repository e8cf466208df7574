/** Following pods at a resolver that behaves like the container engine's: addresses with a long TTL, then none. */
import { createSocket } from "node:dgram";
import { once } from "node:events";

import { Packet } from "dns2";
import { afterEach, describe, expect, it } from "vitest";

import { silentLog } from "../testing/silent-log.ts";
import { PodAddresses } from "./pod-addresses.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const NXDOMAIN = 3;
const SERVFAIL = 2;

/** What the resolver says now: addresses, a code, or nothing at all. */
type Words = readonly string[] | number | "silence";

async function engineResolver() {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  closers.push(() => socket.close());
  const words = new Map<string, Words>();
  socket.on("message", (message, remote) => {
    const request = Packet.parse(message);
    const name = request.questions[0]?.name ?? "";
    const said = words.get(name) ?? NXDOMAIN;
    if (said === "silence") return;
    const response = Packet.createResponseFromRequest(request);
    response.additionals = [];
    if (typeof said === "number") response.header.rcode = said;
    else
      for (const address of said)
        response.answers.push(new Packet.Resource({ name, type: 1, class: 1, ttl: 600, address }));
    socket.send(response.toBuffer(), remote.port, remote.address);
  });
  return { words, resolver: `127.0.0.1:${socket.address().port}` };
}

async function setUp(pods: readonly string[], first: Readonly<Record<string, Words>>) {
  const { words, resolver } = await engineResolver();
  for (const [name, said] of Object.entries(first)) words.set(name, said);
  const log = silentLog();
  const followed = new PodAddresses({ resolver, log, intervalMs: 5, timeoutMs: 20 });
  closers.push(() => followed.close());
  followed.pods = pods.map((name) => ({ name, namespace: "default" }));
  let changes = 0;
  await followed.follow(() => void changes++);
  const now = () => Object.fromEntries(followed.addresses);
  return { words, log, followed, now, changes: () => changes };
}

describe("the addresses of pods", () => {
  it("are there after the first round, for those that are", async () => {
    const { now, changes } = await setUp(["web-0", "web-1"], { "web-0": ["10.0.0.5"] });
    expect(now()).toEqual({ "default/web-0": ["10.0.0.5"] });
    expect(changes()).toBe(1);
  });

  it("change with the resolver's words, whatever TTL they had", async () => {
    const { words, now } = await setUp(["web-0"], { "web-0": ["10.0.0.5"] });
    words.set("web-0", ["10.0.0.9"]);
    await expect.poll(now).toEqual({ "default/web-0": ["10.0.0.9"] });
    words.set("web-0", NXDOMAIN);
    await expect.poll(now).toEqual({});
    words.set("web-0", ["10.0.0.7"]);
    await expect.poll(now).toEqual({ "default/web-0": ["10.0.0.7"] });
    // An engine without a way out says this of a container that is not there.
    words.set("web-0", SERVFAIL);
    await expect.poll(now).toEqual({});
  });

  it("outlive a moment of silence, not a lasting one", async () => {
    const { words, now, log, changes } = await setUp(["web-0"], { "web-0": ["10.0.0.5"] });
    words.set("web-0", "silence");
    await expect.poll(() => log.events).toContain("dns.pod.resolver-silent");
    await expect.poll(now).toEqual({});
    expect(changes()).toBe(2);
  });

  it("are forgotten with their pod, and nobody hears of the rest", async () => {
    const { followed, now } = await setUp(["web-0"], { "web-0": ["10.0.0.5"] });
    followed.pods = [];
    expect(now()).toEqual({});
  });
});
