import { mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { resolve } from "@ordinal/images";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { relocateContainer } from "./relocation.ts";

const SANDBOX = {
  uid: "u",
  namespace: "default",
  name: "web-0",
  hostname: "web-0",
  fqdn: "web-0.nginx.default.svc.cluster.local",
  address: "127.9.0.10",
  hostsFile: "127.0.0.1 localhost\n",
  resolvFile: "nameserver 127.9.240.10\n",
  directory: "/none",
  nodeName: "node-1",
};

describe("a container's paths without a mount namespace", () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), "relocation-"))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const relocated = (targets: readonly string[]) =>
    relocateContainer({
      root,
      sandbox: SANDBOX,
      image: resolve("nginx")!,
      mounts: targets.map((target, index) => ({ source: `/volumes/${index}`, target, readOnly: false })),
      compileCache: "/cache",
    });

  it("are replaced in command lines wherever a mount's path begins, and nowhere else", () => {
    const { relocate } = relocated(["/data", "/data-log"]);
    expect(relocate("echo x > /data/file; ls /data-log /data")).toBe(
      `echo x > ${root}/data/file; ls ${root}/data-log ${root}/data`,
    );
    for (const other of ["/database", "/var/data", "./data", "x/data", "data"]) expect(relocate(other)).toBe(other);
    expect(relocate("--dir=/data")).toBe(`--dir=${root}/data`);
  });

  it("lead to the volumes, and to the image's files", () => {
    const { pathMap } = relocated(["/usr/share/nginx/html"]);
    expect(readlinkSync(join(root, "usr/share/nginx/html"))).toBe("/volumes/0");
    expect(pathMap["/usr/share/nginx/html"]).toBe("/volumes/0");
    expect(pathMap["/etc/nginx/conf.d"]).toBe(join(root, "etc/nginx/conf.d"));
    expect(readFileSync(join(root, "etc/nginx/nginx.conf"), "utf8")).toContain("http {");
    expect(readFileSync(join(root, "etc/resolv.conf"), "utf8")).toBe(SANDBOX.resolvFile);
    expect(pathMap["/etc"]).toBeUndefined();
    expect(pathMap["/usr/share"]).toBeUndefined();
  });

  it("do not change what names no path of the container", () => {
    expect(relocated([]).relocate("cat /etc/passwd")).toBe("cat /etc/passwd");
  });
});
