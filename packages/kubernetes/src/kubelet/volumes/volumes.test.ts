import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Pod, Volume } from "kubernetes-types/core/v1.d.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { writeAtomically } from "./atomic-folder.ts";
import { type ContentContext, volumeContent } from "./content.ts";
import { PodVolumes } from "./pod-volumes.ts";

let directory: string;
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), "ordinal volumes "))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const POD: Pod = { metadata: { name: "web-0", namespace: "default", labels: { app: "x" } }, spec: { containers: [] } };
const context: ContentContext = {
  source: {
    configMap: (_namespace, name) =>
      name === "cfg" ? { data: { a: "1", b: "2" }, binaryData: { c: "AAE=" } } : undefined,
    secret: (_namespace, name) =>
      name === "sec" ? { data: { pw: Buffer.from("geheim").toString("base64") } } : undefined,
  },
  facts: { nodeName: "node-0", hostIP: "127.16.0.1", podIP: "127.16.0.10" },
  allocatable: { cpu: "4", memory: "16Gi", "ephemeral-storage": "0" },
  token: () => "token",
};

describe("content", () => {
  const shown = (volume: Partial<Volume>) =>
    Object.fromEntries(
      [...(volumeContent(POD, { name: "v", ...volume }, context) ?? [])].map(([path, { content, mode }]) => [
        path,
        `${content.toString("latin1")} ${mode.toString(8)}`,
      ]),
    );

  test("all keys, chosen keys with paths and modes, downward API, projections", () => {
    expect(shown({ configMap: { name: "cfg" } })).toEqual({ a: "1 644", b: "2 644", c: "\0\x01 644" });
    expect(
      shown({
        configMap: {
          name: "cfg",
          defaultMode: 0o600,
          items: [
            { key: "a", path: "x/y" },
            { key: "b", path: "z", mode: 0o400 },
          ],
        },
      }),
    ).toEqual({ "x/y": "1 600", z: "2 400" });
    expect(shown({ secret: { secretName: "sec" } })).toEqual({ pw: "geheim 644" });
    expect(shown({ downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } })).toEqual(
      { labels: 'app="x" 644' },
    );
    const sources = [
      { configMap: { name: "cfg", items: [{ key: "a", path: "a" }] } },
      { serviceAccountToken: { path: "token" } },
    ];
    expect(shown({ projected: { sources } })).toEqual({ a: "1 644", token: "token 600" });
  });

  test("what is missing is told in the original's words, unless it is optional", () => {
    expect(() => shown({ configMap: { name: "none" } })).toThrow('configmap "none" not found');
    expect(() => shown({ secret: { secretName: "none" } })).toThrow('secret "none" not found');
    expect(() => shown({ configMap: { name: "cfg", items: [{ key: "z", path: "z" }] } })).toThrow(
      "configmap references non-existent config key: z",
    );
    expect(shown({ configMap: { name: "none", optional: true } })).toEqual({});
  });
});

describe("an atomic folder", () => {
  const file = (text: string, mode = 0o644) => ({ content: Buffer.from(text), mode });
  const visible = async () => (await readdir(directory)).filter((name) => !name.startsWith("..")).toSorted();

  test("changes as a whole, and not at all when nothing changed", async () => {
    expect(
      await writeAtomically(
        directory,
        new Map([
          ["a", file("1")],
          ["d/e", file("2", 0o400)],
        ]),
        0,
      ),
    ).toBe(true);
    expect(await visible()).toEqual(["a", "d"]);
    expect(await readFile(join(directory, "d/e"), "utf8")).toBe("2");
    expect((await stat(join(directory, "d/e"))).mode & 0o777).toBe(0o400);
    const before = await readlink(join(directory, "..data"));
    expect(
      await writeAtomically(
        directory,
        new Map([
          ["a", file("1")],
          ["d/e", file("2", 0o400)],
        ]),
        1,
      ),
    ).toBe(false);
    expect(await readlink(join(directory, "..data"))).toBe(before);
    expect(await writeAtomically(directory, new Map([["b", file("3")]]), 2)).toBe(true);
    expect(await visible()).toEqual(["b"]);
    expect(
      (await readdir(directory)).filter((name) => name.startsWith("..20") || name.startsWith("..19")),
    ).toHaveLength(1);
  });

  test("no file leads out of it", async () => {
    await expect(writeAtomically(directory, new Map([["../x", file("1")]]), 0)).rejects.toThrow(
      "must not contain '..'",
    );
  });
});

describe("mounts", () => {
  const volumes = async (volume: Partial<Volume>, securityContext = {}) => {
    const pod: Pod = { ...POD, spec: { containers: [], volumes: [{ name: "v", ...volume }], securityContext } };
    const podVolumes = new PodVolumes({
      ...context,
      source: { ...context.source, claim: () => undefined, volume: () => undefined },
      directory: join(directory, "pod"),
      now: () => 0,
    });
    await podVolumes.setUp(pod);
    return podVolumes;
  };
  const mount = async (podVolumes: PodVolumes, extra: object) => {
    const [first] = await podVolumes.mounts(
      { name: "a", volumeMounts: [{ name: "v", mountPath: "/v", ...extra }] },
      new Map([["POD", "web-0"]]),
    );
    return first;
  };

  test("subPath and subPathExpr are made inside the volume", async () => {
    const podVolumes = await volumes({ emptyDir: {} });
    expect((await mount(podVolumes, { subPathExpr: "logs/$(POD)" }))?.source).toMatch(/v\/logs\/web-0$/);
    expect(await mount(podVolumes, { readOnly: true })).toMatchObject({ target: "/v", readOnly: true });
  });

  test("a subPath that leaves the volume is refused, by name and by link", async () => {
    const outside = join(directory, "outside");
    await mkdir(outside);
    const podVolumes = await volumes({ emptyDir: {} });
    const { source = "" } = (await mount(podVolumes, {})) ?? {};
    await symlink(outside, join(source, "link"));
    for (const subPath of ["../x", "/etc", "link", "link/ordinal-made-here"]) {
      await expect(mount(podVolumes, { subPath })).rejects.toThrow(
        'failed to prepare subPath for volumeMount "v" of container "a"',
      );
    }
  });

  test.each([
    ["Directory", "is not a directory"],
    ["File", "is not a file"],
    ["Socket", "is not a socket file"],
  ])("a hostPath of type %s that is not there is refused", async (type, words) => {
    await expect(volumes({ hostPath: { path: join(directory, "none"), type } })).rejects.toThrow(
      `MountVolume.SetUp failed for volume "v" : hostPath type check failed: ${join(directory, "none")} ${words}`,
    );
  });

  test("a kind of volume that a lab has not is named", async () => {
    await expect(volumes({ nfs: { server: "x", path: "/" } })).rejects.toThrow(
      "volumes of type nfs are not available in this lab",
    );
  });

  test("fsGroup lets the group write what is there", async () => {
    const path = join(directory, "pod/volumes/kubernetes.io~empty-dir/v");
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "f"), "", { mode: 0o600 });
    await volumes({ emptyDir: {} }, { fsGroup: 1000 });
    expect((await stat(path)).mode & 0o2070).toBe(0o2070);
    expect((await stat(join(path, "f"))).mode & 0o777).toBe(0o660);
  });
});
