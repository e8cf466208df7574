import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "vitest";

import { silentLog } from "../testing/silent-log.ts";
import { ManifestFiles } from "./manifest-files.ts";

const folder = mkdtempSync(join(tmpdir(), "ordinal-dns-"));
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

const namespace = (name: string) => `kind: Namespace\nmetadata: {name: ${name}}\n`;

describe("manifest files", () => {
  it("report every file that cannot be used, by name and line", () => {
    const bad = join(mkdtempSync(`${folder}`), "bad.yaml");
    writeFileSync(bad, "kind: Pod\nmetadata: {}\n");
    const opened = ManifestFiles.open([join(folder, "absent.yaml"), bad, tmpdir()], silentLog());
    const problems = "problems" in opened ? opened.problems : [];
    expect(problems).toHaveLength(3);
    expect(problems[0]).toContain("absent.yaml: no such file or folder");
    expect(problems[1]).toBe(`${bad}:2: Pod: metadata.name is missing`);
    expect(problems[2]).toContain("it is a folder, not a file");
    rmSync(join(bad, ".."), { recursive: true });
  });

  it("are followed through writing and renaming, and keep what they said through damage and absence", async () => {
    const inside = mkdtempSync(join(tmpdir(), "ordinal-dns-"));
    closers.push(() => rmSync(inside, { recursive: true }));
    const path = join(inside, "a.yaml");
    writeFileSync(path, namespace("one"));
    const log = silentLog();
    const opened = ManifestFiles.open([path], log);
    if ("problems" in opened) throw new Error(opened.problems.join());
    const { files } = opened;
    closers.push(() => files.close());
    let wake = () => {};
    files.follow(() => wake());
    const names = () => files.objects.map((object) => object.metadata.name);
    const afterChange = async (change: () => void) => {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      change();
      await changed;
      return names();
    };
    expect(names()).toEqual(["one"]);
    expect(await afterChange(() => writeFileSync(path, namespace("two")))).toEqual(["two"]);
    writeFileSync(`${path}.new`, namespace("three"));
    expect(await afterChange(() => renameSync(`${path}.new`, path))).toEqual(["three"]);
    await expect
      .poll(() => (writeFileSync(path, "kind: ["), log.events), { timeout: 5000 })
      .toContain("dns.manifests.kept-old");
    expect(names()).toEqual(["three"]);
    log.events.length = 0;
    rmSync(path);
    await expect.poll(() => log.events, { timeout: 5000 }).toContain("dns.manifests.kept-old");
    expect(names()).toEqual(["three"]);
    expect(await afterChange(() => writeFileSync(path, namespace("four")))).toEqual(["four"]);
  });
});
