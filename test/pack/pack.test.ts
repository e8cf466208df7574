import { execFile } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { references } from "../../scripts/pack-source.ts";
import { processesOf } from "../lab/cli.ts";
import { Project } from "./project.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const rootManifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  devDependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};
const PACKAGES = [
  "ordinal",
  "@ordinal/dns",
  "@ordinal/images",
  "@ordinal/io",
  "@ordinal/kit",
  "@ordinal/kubernetes",
  "@ordinal/nginx",
  "@ordinal/zookeeper",
];

let folder: string;
let project: Project;
let tarballs: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ordinal pack "));
  const script = join(root, "scripts/pack.ts");
  const packed = await promisify(execFile)(process.execPath, [script, "--out", join(folder, "tarballs")]);
  tarballs = packed.stdout.trim().split("\n");
  project = new Project(join(folder, "project"));
  project.write({ "package.json": { private: true, scripts: { lab: "node lab.mjs" } } });
  await project.output("npm", "install", "--prefer-offline", "--no-audit", "--no-fund", ...tarballs);
});
afterAll(async () => {
  if (existsSync(join(folder, "home"))) await project.run("npx", "ordinal", "stop", "--home", join(folder, "home"));
  rmSync(folder, { recursive: true, force: true });
});

/** Files of ours as npm installed them, relative to the project. */
function installed(pattern: string): string[] {
  const found = PACKAGES.flatMap((name) => globSync(`node_modules/${name}/${pattern}`, { cwd: project.folder }));
  expect(found).not.toEqual([]);
  return found;
}

const read = (path: string): string => readFileSync(join(project.folder, path), "utf8");

describe("the packages", () => {
  it("are all packed and nothing else is", () => {
    expect(tarballs).toHaveLength(PACKAGES.length);
    for (const name of PACKAGES) {
      expect(installed("README.md")).toContain(`node_modules/${name}/README.md`);
      expect(installed("LICENSE")).toContain(`node_modules/${name}/LICENSE`);
    }
  });

  it("hold JavaScript and declarations, none of the tests, and no path of the checkout", () => {
    const files = installed("**/*.*");
    expect(files.filter((path) => /(?<!\.d)\.ts$|\.test\.|\/(?:src|testing|testdata|contracts)\//.test(path))).toEqual(
      [],
    );
    expect(files.filter((path) => read(path).includes(root))).toEqual([]);
  });

  it("refer to files that are there", () => {
    const missing = installed("**/*.{js,d.ts}").flatMap((path) =>
      references(read(path))
        .filter(({ specifier }) => /^\.{1,2}\/.*\.\w+$/.test(specifier))
        .map(({ specifier }) => join(dirname(path), specifier))
        .map((target) => (path.endsWith(".d.ts") ? target.replace(/\.js$/, ".d.ts") : target))
        .filter((target) => !existsSync(resolve(project.folder, target)))
        .map((target) => `${path} refers to ${target}`),
    );
    expect(missing).toEqual([]);
  });

  it("ask for one another at their own version, and for the pinned Node where they start programs", () => {
    const manifests = new Map(
      PACKAGES.map((name) => [name, JSON.parse(read(`node_modules/${name}/package.json`)) as Record<string, unknown>]),
    );
    for (const [name, { dependencies = {} }] of manifests)
      for (const [other, range] of Object.entries(dependencies as Record<string, string>))
        if (PACKAGES.includes(other)) expect(range, `${name} on ${other}`).toBe(manifests.get(other)?.["version"]);
    const withNode = [...manifests].filter(([, manifest]) => manifest["optionalDependencies"] !== undefined);
    expect(withNode.map(([name]) => name)).toEqual([
      "ordinal",
      "@ordinal/dns",
      "@ordinal/kubernetes",
      "@ordinal/nginx",
      "@ordinal/zookeeper",
    ]);
    for (const [, manifest] of withNode)
      expect(manifest["optionalDependencies"]).toEqual(rootManifest.optionalDependencies);
  });
});

describe("the commands", () => {
  it("run by npx", async () => {
    expect(await project.output("npx", "ordinal", "--help")).toContain("Usage: ordinal COMMAND");
    expect(await project.output("npx", "ordinal-dns", "--help")).toContain("Usage: ordinal-dns --manifests");
    expect((await project.run("npx", "nginx", "-v")).stderr).toMatch(/nginx version: nginx\/\d/);
  });

  it("run on the machine's own Node, which hands over to the pinned one", async () => {
    const { version } = JSON.parse(read("node_modules/ordinal/package.json")) as { version: string };
    expect(await project.output("node", "node_modules/ordinal/bin/ordinal.js", "--version")).toBe(
      `ordinal ${version}\n`,
    );
    const failed = await project.run(
      "node",
      "node_modules/@ordinal/nginx/bin/nginx.js",
      "-t",
      "-c",
      join(folder, "none.conf"),
    );
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("none.conf");
  });

  it("start a lab with the package's own manifests, serve its pods and stop without a trace", async () => {
    const home = join(folder, "home");
    const started = await project.output("npx", "ordinal", "start", "--detach", "--home", home);
    expect(started).toContain("Ready: 5 of 5 pods");
    const url = /curl (http:\S+)/.exec(started)?.[1] ?? "";
    expect(await project.output("curl", "-sS", url)).toBe("web-0\n");
    const resolved = ["exec", "--home", home, "web-0", "--", "nginx", "-v"];
    expect((await project.run("npx", "ordinal", ...resolved)).stderr).toContain("nginx version");
    await project.output("npx", "ordinal", "stop", "--home", home);
    expect(processesOf(home)).toEqual([]);
  });
});

describe("@ordinal/kubernetes", () => {
  it("starts a lab from a program of an npm script, on the pinned Node", async () => {
    project.write({
      "lab.mjs": `
        import { startLab } from "@ordinal/kubernetes";
        const lab = await startLab({ home: ${JSON.stringify(join(folder, "home of a program"))} });
        const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "mine", namespace: "default" } };
        await lab.client.create("configmaps", object);
        const { metadata } = await lab.client.get("configmaps", "default", "mine");
        console.log(metadata.name, process.versions.node);
        await lab.stop();
      `,
    });
    const [, pinned] = Object.entries(rootManifest.optionalDependencies)[0] ?? [];
    expect(await project.output("npm", "run", "--silent", "lab")).toBe(`mine ${pinned}\n`);
  });

  it("says what to do on an older Node", async () => {
    project.write({
      "old.mjs": `
        Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" } });
        const { startLab } = await import("@ordinal/kubernetes");
        await startLab({ home: ${JSON.stringify(join(folder, "never"))} }).catch((error) => console.log(error.name, error.message));
      `,
    });
    expect(await project.output("node_modules/.bin/node", "old.mjs")).toMatch(
      /^LabError A lab needs Node 26 .*node_modules\/\.bin\/node/,
    );
    expect(existsSync(join(folder, "never"))).toBe(false);
  });
});

describe("@ordinal/zookeeper", () => {
  it("starts ensembles on the pinned Node from a program on the machine's own, in processes and in this one", async () => {
    project.write({
      "ensemble.mjs": `
        import { startEnsemble } from "@ordinal/zookeeper";
        const ensemble = await startEnsemble({ size: 3, inProcess: process.argv[2] === "inProcess" });
        await ensemble.kill(await ensemble.leader());
        await ensemble.ready();
        console.log("ready", ensemble.servers.filter(({ state }) => state === "running").length);
        await ensemble.stop();
      `,
    });
    expect(await project.output("node", "ensemble.mjs")).toBe("ready 2\n");
    expect(await project.output("node_modules/.bin/node", "ensemble.mjs", "inProcess")).toBe("ready 2\n");
  });

  it("runs an ensemble beside a command, which the command's own programs reach", async () => {
    const script =
      'npx zkCli.sh -server "$ZOOKEEPER_CONNECT" create /packed 2>&1 && npx zookeeper-ready "${ZOOKEEPER_CONNECT##*:}"';
    const command = ["ordinal", "zookeeper", "--size", "1", "--", "sh", "-c", `${script} && echo ready`];
    const output = await project.output("npx", ...command);
    expect(output).toContain("Created /packed");
    expect(output).toMatch(/^ready$/m);
  });

  it("brings the commands of the original, and scripts of plain sh", async () => {
    expect(await project.output("npx", "zkServer.sh", "version")).toMatch(/^Apache ZooKeeper, version \d/);
    expect(await project.output("npx", "start-zookeeper", "--help")).toContain("Usage: start-zookeeper");
    for (const name of ["zkTxnLogToolkit.sh", "zkSnapShotToolkit.sh", "zkCleanup.sh"]) {
      const { stdout, stderr } = await project.run("npx", name);
      expect(stdout + stderr).toMatch(/usage/i);
    }
  });
});

describe("the declarations", () => {
  const CONFIG = {
    compilerOptions: {
      strict: true,
      module: "nodenext",
      target: "esnext",
      noEmit: true,
      skipLibCheck: false,
      types: ["node"],
    },
  };
  const tsc = (config: string): Promise<{ code: number | null; stdout: string }> =>
    project.run(process.execPath, join(root, "node_modules/typescript/bin/tsc"), "--project", config);

  it("type-check strictly, those of every package and of what they import", async () => {
    project.write({
      "lab.mts": `
        import { type KubeObject, type Lab, startLab } from "@ordinal/kubernetes";
        import { homePaths } from "@ordinal/kubernetes/lab-home";
        import { type Ensemble, startEnsemble } from "@ordinal/zookeeper";
        const ensemble: Ensemble = await startEnsemble({ size: 1, inProcess: true });
        export const leader: number | undefined = await ensemble.leader();
        const lab: Lab = await startLab({ home: "home", runtime: "processes" });
        const pod: KubeObject = await lab.client.get("pods", "default", "web-0");
        export const name: string = pod.metadata.name;
        export const ports: number[] = lab.forwards().map((forward) => forward.hostPort);
        export const store: string = homePaths("home").store;
        await lab.stop();
      `,
      "others.mts": PACKAGES.map((name, index) => `export * as p${index} from ${JSON.stringify(name)};`).join("\n"),
      "tsconfig.json": { ...CONFIG, files: ["lab.mts", "others.mts"] },
    });
    expect(await tsc("tsconfig.json")).toMatchObject({ code: 0, stdout: "" });
  });

  it("refuse what is wrong", async () => {
    project.write({
      "wrong.mts": 'import { startLab } from "@ordinal/kubernetes";\nawait startLab({ home: 1 });\n',
      "tsconfig.wrong.json": { ...CONFIG, files: ["wrong.mts"] },
    });
    const { code, stdout } = await tsc("tsconfig.wrong.json");
    expect(code).not.toBe(0);
    expect(stdout).toContain("wrong.mts(2,18): error TS2322");
  });
});
