import { describe, expect, it } from "vitest";

import { parseArguments } from "./arguments.ts";

describe("the command line", () => {
  it("has defaults for everything but the files", () => {
    expect(parseArguments(["--manifests", "a.yaml", "b.yaml", "--manifests", "c.json"])).toEqual({
      manifests: ["a.yaml", "c.json", "b.yaml"],
      zone: "cluster.local",
      listen: [{ address: "127.0.0.1", port: 5300 }],
      address: undefined,
      ttlSeconds: 5,
      pods: "disabled",
      forward: undefined,
      resolver: undefined,
    });
  });

  it("takes every option", () => {
    const words =
      "--manifests a --zone lab --listen 0.0.0.0:53 --listen [::1]:53 --address 10.0.0.2 --ttl 30 --pods verified --forward 127.0.0.11 --resolver [::1]:5353";
    expect(parseArguments(words.split(" "))).toEqual({
      manifests: ["a"],
      zone: "lab",
      listen: [
        { address: "0.0.0.0", port: 53 },
        { address: "::1", port: 53 },
      ],
      address: "10.0.0.2",
      ttlSeconds: 30,
      pods: "verified",
      forward: "127.0.0.11:53",
      resolver: "[::1]:5353",
    });
    expect(parseArguments(["--help"])).toBe("help");
  });

  it.each([
    ["", "--manifests FILE… is missing"],
    ["a.yaml", "unexpected argument 'a.yaml'"],
    ["--manifests", "argument missing"],
    ["--manifests a --nope", "Unknown option '--nope'"],
    ["--manifests a --listen 5300", "--listen 5300: must be IP:PORT"],
    ["--manifests a --listen localhost:5300", "--listen localhost:5300: must be IP:PORT"],
    ["--manifests a --listen 127.0.0.1:99999", "must be IP:PORT"],
    ["--manifests a --address dns", "--address dns: not an IP address"],
    ["--manifests a --ttl 3601", "--ttl 3601: must be 0 to 3600"],
    ["--manifests a --ttl 1s", "--ttl 1s: must be"],
    ["--manifests a --forward example.com", "--forward"],
    ["--manifests a --resolver x", "--resolver"],
    ["--manifests a --pods on", "--pods on: must be"],
  ])("%j is refused: %s", (line, message) => {
    expect(() => parseArguments(line === "" ? [] : line.split(" "))).toThrow(message);
  });
});
