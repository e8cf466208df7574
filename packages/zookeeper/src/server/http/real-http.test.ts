import { expect, test } from "vitest";

import { realHttp } from "./real-http.ts";

test("requests and answers pass, long bodies do not", async () => {
  const listener = await realHttp.listen({ host: "127.0.0.1", port: 0 }, async (request) => {
    const body = new TextDecoder().decode(await request.body());
    const text = [request.method, request.path, request.query.get("q"), request.header("x-test"), body].join(" ");
    return { status: 201, contentType: "text/plain", headers: { "x-more": "1" }, body: text };
  });
  try {
    const url = `http://127.0.0.1:${listener.address.port}/a/b?q=c%20d`;
    const answer = await fetch(url, { method: "POST", body: "the body", headers: { "x-test": "e" } });
    expect([answer.status, answer.headers.get("x-more"), await answer.text()]).toEqual([
      201,
      "1",
      "POST /a/b c d e the body",
    ]);
    const long = await fetch(url, { method: "POST", body: "x".repeat(100_000) });
    expect(long.status).toBe(413);
    await expect(realHttp.listen(listener.address, () => Promise.reject(new Error("never")))).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  } finally {
    await listener.close();
  }
});

test("an answer that fails is a 500, and the next request is answered", async () => {
  let count = 0;
  const listener = await realHttp.listen({ host: "127.0.0.1", port: 0 }, () => {
    if (count++ === 0) throw new Error("it broke");
    return Promise.resolve({ status: 200, contentType: "text/plain", body: "fine" });
  });
  try {
    const url = `http://127.0.0.1:${listener.address.port}/`;
    expect((await fetch(url)).status).toBe(500);
    expect(await (await fetch(url)).text()).toBe("fine");
  } finally {
    await listener.close();
  }
});
