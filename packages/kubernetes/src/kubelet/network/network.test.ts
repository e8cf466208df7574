import type { Pod } from "kubernetes-types/core/v1.d.ts";
import { describe, expect, test } from "vitest";

import { hostsFile } from "./hosts-file.ts";
import { PodAddresses } from "./pod-addresses.ts";
import { podNames } from "./pod-names.ts";
import { resolvFile } from "./resolv-file.ts";

const pod = (spec: Partial<NonNullable<Pod["spec"]>>, name = "web-0"): Pod => ({
  metadata: { name, namespace: "default" },
  spec: { containers: [], ...spec },
});

test("/etc/hosts has the original's text", () => {
  expect(
    hostsFile("127.16.0.10", "web-0", "web-0.nginx.default.svc.cluster.local", [
      { ip: "127.0.0.9", hostnames: ["foo", "bar"] },
    ]),
  ).toBe(
    [
      "# Kubernetes-managed hosts file.",
      "127.0.0.1\tlocalhost",
      "::1\tlocalhost ip6-localhost ip6-loopback",
      "fe00::0\tip6-localnet",
      "fe00::0\tip6-mcastprefix",
      "fe00::1\tip6-allnodes",
      "fe00::2\tip6-allrouters",
      "127.16.0.10\tweb-0.nginx.default.svc.cluster.local\tweb-0",
      "",
      "# Entries added by HostAliases.",
      "127.0.0.9\tfoo\tbar",
      "",
    ].join("\n"),
  );
});

describe("/etc/resolv.conf", () => {
  const context = {
    clusterDomain: "cluster.local",
    clusterDNS: "127.16.240.10",
    hostFile: "nameserver 10.0.0.1\nsearch corp\noptions rotate\n",
  };
  test.each([
    [
      {},
      "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 127.16.240.10\noptions ndots:5\n",
    ],
    [{ dnsPolicy: "Default" }, "search corp\nnameserver 10.0.0.1\noptions rotate\n"],
    [
      { dnsPolicy: "None", dnsConfig: { nameservers: ["127.0.0.5"], options: [{ name: "edns0" }] } },
      "nameserver 127.0.0.5\noptions edns0\n",
    ],
    [
      { dnsConfig: { searches: ["cluster.local", "more"], options: [{ name: "ndots", value: "2" }] } },
      "search default.svc.cluster.local svc.cluster.local cluster.local more\nnameserver 127.16.240.10\noptions ndots:2\n",
    ],
  ])("%j", (spec, text) => {
    expect(resolvFile(pod(spec), context)).toBe(text);
  });
});

describe("names", () => {
  test.each([
    [pod({}), "web-0", "web-0"],
    [pod({ hostname: "h", subdomain: "nginx" }), "h", "h.nginx.default.svc.cluster.local"],
    [
      pod({ hostname: "h", subdomain: "nginx", setHostnameAsFQDN: true }),
      "h.nginx.default.svc.cluster.local",
      "h.nginx.default.svc.cluster.local",
    ],
    [pod({}, `${"a".repeat(62)}-b`), "a".repeat(62), "a".repeat(62)],
  ])("%j", (given, hostname, fqdn) => {
    expect(podNames(given, "cluster.local")).toMatchObject({ hostname, fqdn });
  });
});

describe("addresses", () => {
  test("a released address is the last to be given again", () => {
    const addresses = new PodAddresses(16);
    const first = addresses.take();
    expect(first).toBe("127.16.0.10");
    addresses.release(first);
    expect(addresses.take()).toBe("127.16.0.11");
  });

  test("all of the range is given once, no .0 and no .255, nothing of the services' range", () => {
    const addresses = new PodAddresses(16);
    expect(addresses.reserve("127.16.0.12")).toBe(true);
    expect(addresses.reserve("127.17.0.12")).toBe(false);
    const given = new Set<string>();
    expect(() => {
      for (;;) given.add(addresses.take());
    }).toThrow("no IP addresses available in range set");
    expect(given.size).toBe(240 * 254 - 9 - 1);
    expect(given.has("127.16.0.12")).toBe(false);
    expect([...given].some((address) => /\.(0|255)$/.test(address) || /^127\.16\.24[0-9]/.test(address))).toBe(false);
    addresses.release("127.16.7.7");
    expect(addresses.take()).toBe("127.16.7.7");
  });
});
