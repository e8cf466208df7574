import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { homePaths, readForwards, readState } from "@ordinal/kubernetes/lab-home";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { eventually } from "../eventually.ts";
import { kubectl, ordinal, ordinaryUser, processesOf, readableCheckout, root, run } from "./cli.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ordinal newcomer "));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WEB = join(root, "manifests/web.yaml");
const fresh = (name: string): string => join(folder, name);

describe("a newcomer's first lab", () => {
  it("starts on a path with spaces, answers curl, dig and kubectl, and stops without a trace", async () => {
    const home = fresh("first home");
    const started = await ordinal(["start", "--detach", "--home", home]);
    expect(started.stderr).toBe("");
    expect(started.code).toBe(0);
    expect(started.stdout).toContain("Ready: 5 of 5 pods");
    const url = /curl (http:\S+)/.exec(started.stdout)?.[1] ?? "";
    expect((await run(["curl", "-s", url])).stdout).toBe("web-0\n");
    const dig = /dig @127\.0\.0\.1 -p (\d+) \+short (\S+)/.exec(started.stdout);
    const found = await run(["dig", "@127.0.0.1", "-p", dig?.[1] ?? "", "+short", dig?.[2] ?? ""]);
    expect(url).toContain(found.stdout.trim());
    const config = homePaths(home).kubeconfig;
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect((await kubectl(config, ["get", "sts", "web", "--no-headers"])).stdout).toMatch(/^web +2\/2 /);
    expect((await ordinal(["status", "--home", home])).code).toBe(0);
    expect((await ordinal(["stop", "--home", home])).code).toBe(0);
    expect(processesOf(home)).toEqual([]);
    expect((await ordinal(["status", "--home", home])).code).toBe(3);
  });

  it("resumes what it had at the next start", async () => {
    const home = fresh("first home");
    const started = await ordinal(["start", "--detach", "--empty", "--home", home]);
    expect(started.code).toBe(0);
    expect(started.stdout).toContain("Ready: 5 of 5 pods");
    await ordinal(["stop", "--home", home]);
  });

  it("has words for every wrong turn", async () => {
    const home = fresh("none");
    const cases: readonly (readonly [args: string[], code: number, words: RegExp])[] = [
      [["get", "pods"], 1, /No lab is running in .*none\. Start one with `ordinal start`/],
      [["exec", "web-0", "--", "true"], 1, /No lab is running/],
      [["stop"], 0, /No lab is running/],
      [["start", "-f", "/no/such.yaml"], 1, /Cannot read \/no\/such\.yaml: there is no such file/],
      [["start", "--port", "high"], 2, /--port takes a whole number from 1 to 65535, not "high"/],
      [["start", "--empty", "-f", "x"], 2, /exclude each other/],
      [["start", "now"], 2, /start takes no "now"/],
      [["reset"], 0, /There is no lab in/],
      [["kubeconfig"], 1, /No lab was started/],
      [["logs"], 2, /Name the pod/],
    ];
    for (const [args, code, words] of cases) {
      const result = await ordinal([...args, "--home", home]);
      expect(result.stdout + result.stderr, args.join(" ")).toMatch(words);
      expect(result.code, args.join(" ")).toBe(code);
    }
    expect((await ordinal(["frobnicate"])).code).toBe(2);
    writeFileSync(fresh("file"), "");
    expect((await ordinal(["start", "--home", fresh("file")])).stderr).toMatch(/is not a folder/);
    mkdirSync(fresh("old"));
    writeFileSync(fresh("old/version"), "999\n");
    expect((await ordinal(["start", "--home", fresh("old")])).stderr).toMatch(/belongs to another version/);
    writeFileSync(fresh("broken.yaml"), "a: [1\nb: 2\n");
    expect((await ordinal(["start", "--home", home, "-f", fresh("broken.yaml")])).stderr).toMatch(/broken\.yaml:\d+: /);
  });

  it("keeps two labs apart, and says who holds a home or a port", async () => {
    const homes = [fresh("lab one"), fresh("lab two")];
    const labs = await Promise.all(homes.map((home) => ordinal(["start", "--detach", "--home", home, "-f", WEB])));
    for (const lab of labs) expect(lab.code, lab.stderr).toBe(0);
    const states = homes.map((home) => readState(homePaths(home)));
    expect(states[0]?.apiPort).not.toBe(states[1]?.apiPort);
    expect(states[0]?.subnet).not.toBe(states[1]?.subnet);
    const forwards = homes.map((home) =>
      readForwards(homePaths(home))
        .filter((one) => one.kind === "pod")
        .map((one) => one.address),
    );
    expect(forwards[0]?.some((address) => forwards[1]?.includes(address))).toBe(false);
    expect((await ordinal(["start", "--home", homes[0] ?? ""])).stderr).toMatch(/A lab is running in .* already/);
    await ordinal(["stop", "--home", homes[0] ?? ""]);
    expect(
      (await kubectl(homePaths(homes[1] ?? "").kubeconfig, ["get", "pods", "--no-headers"])).stdout.match(/Running/g),
    ).toHaveLength(2);
    const taken = String(states[1]?.apiPort);
    const refused = await ordinal(["start", "--detach", "--port", taken, "--home", fresh("lab three")]);
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).toMatch(new RegExp(`Port ${taken} .*taken`));
    await ordinal(["stop", "--home", homes[1] ?? ""]);
  });

  it("uses the next free port when the usual one is taken and nobody insists", async () => {
    const blocker = createServer().listen(6443, "127.0.0.1");
    await new Promise((resolve) => blocker.once("listening", resolve).once("error", resolve));
    try {
      const home = fresh("taken");
      expect((await ordinal(["start", "--detach", "--empty", "--home", home])).code).toBe(0);
      expect(readState(homePaths(home))?.apiPort).not.toBe(6443);
      await ordinal(["stop", "--home", home]);
    } finally {
      blocker.close();
    }
  });

  it("names the pod that failed, and leaves the lab to look at", async () => {
    const home = fresh("failing");
    writeFileSync(
      fresh("failing.yaml"),
      "apiVersion: v1\nkind: Pod\nmetadata: { name: lost }\nspec: { containers: [{ name: a, image: nobody/knows:1 }] }\n",
    );
    const started = await ordinal(["start", "--detach", "--home", home, "-f", fresh("failing.yaml")]);
    expect(started.code).toBe(1);
    expect(started.stderr).toMatch(/lost .*(ErrImagePull|ImagePullBackOff)/);
    expect((await ordinal(["status", "--home", home])).code).toBe(1);
    await ordinal(["stop", "--home", home]);
  });
});

describe("as an ordinary user", () => {
  const user = ordinaryUser();

  it("runs the same lab without root", async (context) => {
    if (typeof user === "string") return context.skip(user);
    const project = readableCheckout(user);
    const home = fresh("users home");
    mkdirSync(home);
    chownSync(home, user.uid, user.gid);
    const as = { uid: user.uid, gid: user.gid, project, env: { HOME: home, USER: user.name } };
    const started = await ordinal(["start", "--detach", "--home", join(home, "lab")], as);
    expect(started.stderr).toBe("");
    expect(started.code).toBe(0);
    const url = /curl (http:\S+)/.exec(started.stdout)?.[1] ?? "";
    expect((await run(["curl", "-s", url], as)).stdout).toBe("web-0\n");
    const config = homePaths(join(home, "lab")).kubeconfig;
    expect((await kubectl(config, ["exec", "web-1", "--", "curl", "-s", "localhost"], as)).stdout).toBe("web-1\n");
    expect((await ordinal(["stop", "--home", join(home, "lab")], as)).code).toBe(0);
    expect(processesOf(join(home, "lab"))).toEqual([]);
  });

  it("is told that another user's home is closed", async (context) => {
    if (typeof user === "string") return context.skip(user);
    const home = fresh("roots home");
    mkdirSync(home, { mode: 0o700 });
    const refused = await ordinal(["start", "--home", home], {
      uid: user.uid,
      gid: user.gid,
      project: readableCheckout(user),
      env: { HOME: folder },
    });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/belongs to another user/);
  });
});

describe("on a full disk", () => {
  it(
    "refuses to start with a sentence, and a running lab says that it cannot write and goes on serving",
    { timeout: 120_000 },
    async (context) => {
      if (process.getuid?.() !== 0) return context.skip("needs root to mount a small tmpfs");
      const disk = fresh("small disk");
      mkdirSync(disk);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", disk]);
      try {
        const home = join(disk, "home");
        expect((await ordinal(["start", "--detach", "--home", home, "-f", WEB])).code).toBe(0);
        const config = homePaths(home).kubeconfig;
        await run(["sh", "-c", `dd if=/dev/zero of='${join(disk, "filler")}' bs=64k 2>/dev/null; true`]);
        // Larger than what the store's preallocated file may still hold.
        writeFileSync(
          fresh("big.yaml"),
          `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: big }\ndata: { text: ${"x".repeat(700_000)} }\n`,
        );
        let refused = "";
        for (let attempt = 0; attempt < 8 && refused === ""; attempt++)
          refused = (await kubectl(config, ["create", "--validate=false", "-f", fresh("big.yaml")])).stderr;
        expect(refused).toMatch(/disk|space/i);
        expect((await kubectl(config, ["get", "pods", "--no-headers"])).stdout.match(/Running/g)).toHaveLength(2);
        await ordinal(["stop", "--home", home]);
        expect((await ordinal(["start", "--home", home])).stderr).toMatch(/Free some space/);
        rmSync(join(disk, "filler"));
        const again = await ordinal(["start", "--detach", "--empty", "--home", home]);
        expect(again.stdout + again.stderr).toContain("Ready: 2 of 2 pods");
        await ordinal(["stop", "--home", home]);
      } finally {
        await eventually(() => execFileSync("umount", [disk], { stdio: "pipe" }), 10_000);
      }
    },
  );
});
