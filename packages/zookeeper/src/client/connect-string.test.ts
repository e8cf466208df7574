import { describe, expect, test } from "vitest";

import { formatServer, parseConnectString } from "./connect-string.ts";

describe("connect strings", () => {
  test.each([
    ["zk", [{ host: "zk", port: 2181 }], ""],
    ["zk:", [{ host: "zk", port: 2181 }], ""],
    ["127.0.0.1:1/", [{ host: "127.0.0.1", port: 1 }], ""],
    [
      "a:1,b:2,c",
      [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
        { host: "c", port: 2181 },
      ],
      "",
    ],
    [
      " a:1 , b:2 ,",
      [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
      ],
      "",
    ],
    [
      "a:1,b:2/chroot/deep",
      [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
      ],
      "/chroot/deep",
    ],
    [
      "[::1]:3000,[fe80::2]",
      [
        { host: "::1", port: 3000 },
        { host: "fe80::2", port: 2181 },
      ],
      "",
    ],
  ])("%s", (text, servers, chroot) => {
    expect(parseConnectString(text)).toEqual({ servers, chroot });
  });

  test.each(["", ",", "/chroot", "a:b", "a:0", "a:65536", "a:-1", "a:1e3", "a:1/chroot/"])("%j is none", (text) => {
    expect(() => parseConnectString(text)).toThrow(expect.objectContaining({ code: "BAD_CONNECT_STRING" }) as Error);
  });

  test("are written with brackets around IPv6 addresses", () => {
    expect(formatServer({ host: "::1", port: 1 })).toBe("[::1]:1");
    expect(formatServer({ host: "zk-0", port: 2181 })).toBe("zk-0:2181");
  });
});
