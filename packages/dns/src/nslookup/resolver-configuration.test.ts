import { describe, expect, it } from "vitest";

import { candidates, parseHosts, parseResolvConf } from "./resolver-configuration.ts";

describe("resolv.conf", () => {
  it("of a pod is read as the C library reads it", () => {
    const text =
      "# pod\nnameserver 10.96.0.10\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5 timeout:2 attempts:9 edns0\n";
    expect(parseResolvConf(text)).toEqual({
      nameservers: ["10.96.0.10"],
      search: ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
      ndots: 5,
      timeoutMs: 2000,
      attempts: 5,
    });
  });

  it("may be empty, odd, or name ports", () => {
    expect(parseResolvConf("")).toEqual({
      nameservers: ["127.0.0.1"],
      search: [],
      ndots: 1,
      timeoutMs: 5000,
      attempts: 2,
    });
    const text =
      "nameserver dns.example\nnameserver 127.0.0.1:5300 ; ours\nnameserver [::1]:53\nnameserver ::1\nnameserver 10.0.0.1\noptions ndots:x ndots:99\n";
    expect(parseResolvConf(text)).toMatchObject({ nameservers: ["127.0.0.1:5300", "[::1]:53", "::1"], ndots: 15 });
  });
});

describe("the names that are tried", () => {
  const configuration = parseResolvConf("search ns.svc.lab svc.lab\noptions ndots:2\n");

  it.each([
    ["web-0.nginx", ["web-0.nginx.ns.svc.lab", "web-0.nginx.svc.lab", "web-0.nginx"]],
    ["www.example.com", ["www.example.com", "www.example.com.ns.svc.lab", "www.example.com.svc.lab"]],
    ["web-0.nginx.", ["web-0.nginx"]],
  ])("for %s are %j", (name, expected) => {
    expect(candidates(name, configuration)).toEqual(expected);
  });
});

describe("hosts", () => {
  it("has addresses with their names, the canonical one first", () => {
    expect(
      parseHosts(
        "127.0.0.1 localhost # me\n\n10.0.0.1\tweb-0.nginx.default.svc.cluster.local web-0\nnot-an-ip x\n::1\n",
      ),
    ).toEqual([
      { address: "127.0.0.1", names: ["localhost"] },
      { address: "10.0.0.1", names: ["web-0.nginx.default.svc.cluster.local", "web-0"] },
    ]);
  });
});
