import { once } from "node:events";
import { connect } from "node:net";

import { expect, test } from "vitest";

import { choosePort } from "./ports.ts";

const WISH = { wanted: undefined, previous: undefined, fallback: 26_443, udp: false };

test("who connects before anybody serves the port is turned away, and does not keep it from closing", async () => {
  const held = await choosePort("API", WISH);
  const early = connect({ host: "127.0.0.1", port: held.port });
  early.on("error", () => undefined);
  await once(early, "close");
  await new Promise((resolve) => held.tcp.close(resolve));
});

test("once somebody serves it, connections are theirs", async () => {
  const held = await choosePort("API", WISH);
  held.tcp.on("connection", (socket) => socket.end("hello"));
  const client = connect({ host: "127.0.0.1", port: held.port });
  expect(String((await once(client, "data"))[0])).toBe("hello");
  client.destroy();
  await new Promise((resolve) => held.tcp.close(resolve));
});
