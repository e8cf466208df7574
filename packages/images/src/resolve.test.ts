import { existsSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { defaultArgv, knownImages, resolve, unknownImageMessage } from "./resolve.ts";

describe("built-in images", () => {
  it.each([
    "nginx",
    "nginx:1.27",
    "docker.io/library/nginx",
    `nginx@sha256:${"0".repeat(64)}`,
    "nginx-slim",
    "k8s.gcr.io/nginx-slim:0.8",
    "registry.k8s.io/nginx-slim:0.24",
    "gcr.io/google_containers/nginx-slim:0.7",
  ])("%s is a web server", (reference) => {
    const image = resolve(reference);
    expect(image?.reference).toBe(reference);
    expect(image?.stopSignal).toBe("SIGQUIT");
    expect(defaultArgv(image!)).toEqual(["nginx", "-g", "daemon off;"]);
  });

  it("busybox is a shell at any tag", () => {
    expect(defaultArgv(resolve("busybox:1.28")!)).toEqual(["sh"]);
    expect(Object.keys(resolve("busybox:1.28")!.programs)).toEqual(["nslookup"]);
  });

  it("zookeeper is the official image, or the one of the Kubernetes tutorial", () => {
    expect(defaultArgv(resolve("zookeeper:3.9")!)).toEqual([
      "/docker-entrypoint.sh",
      "zkServer.sh",
      "start-foreground",
    ]);
    const tutorials = resolve("k8s.gcr.io/kubernetes-zookeeper:1.0-3.4.10")!;
    expect(defaultArgv(tutorials)).toEqual(["start-zookeeper"]);
    expect([tutorials.user, resolve("zookeeper")?.user]).toEqual([1000, 1000]);
    for (const command of ["zkServer.sh", "zkCli.sh"])
      expect(tutorials.programs).toHaveProperty([`/usr/bin/${command}`]);
    const files = tutorials.files.map(({ path }) => path);
    for (const script of ["start-zookeeper", "zookeeper-ready", "zkGenConfig.sh"])
      expect(files).toContain(`/usr/bin/${script}`);
  });

  it("run from files that exist, inside folders that containers see", () => {
    for (const name of ["nginx", "busybox", "zookeeper:3.9", "k8s.gcr.io/kubernetes-zookeeper:1.0-3.4.10"]) {
      const image = resolve(name)!;
      for (const command of Object.values(image.programs)) {
        for (const path of command.filter((word) => word.startsWith("/"))) {
          expect(existsSync(path), path).toBe(true);
          expect(
            image.folders.some((folder) => path.startsWith(`${folder}/`)),
            path,
          ).toBe(true);
        }
      }
    }
  });

  it("have a digest that depends on the whole name, or is the one asked for", () => {
    const digest = (reference: string) => resolve(reference)?.digest;
    expect(digest("nginx")).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(digest("nginx")).toBe(digest("docker.io/library/nginx:latest"));
    expect(digest("nginx")).not.toBe(digest("nginx:1.27"));
    expect(digest(`nginx@sha256:${"1".repeat(64)}`)).toBe(`sha256:${"1".repeat(64)}`);
  });
});

describe("unknown images", () => {
  it("resolve to nothing, and the message lists what is known", () => {
    expect(resolve("nginxx")).toBeUndefined();
    expect(resolve("quay.io/nginx")).toBeUndefined();
    const message = unknownImageMessage("nginxx");
    expect(message).toContain('"nginxx"');
    for (const { name } of knownImages()) expect(message).toContain(name);
  });
});
