import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { resolve } from "./resolve.ts";
import { loadUserImages, parseUserImages, UserImagesError } from "./user-images.ts";

describe("images that users declare", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "user-images-"))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("are read with everything they say", () => {
    writeFileSync(join(directory, "app.conf"), "port = 1");
    const file = join(directory, "images.yaml");
    writeFileSync(
      file,
      `images:
  - name: registry.example/app:1.10
    command: [app]
    args: ["--port", 80]
    env: { MODE: test, VERSION: 1.10 }
    workingDirectory: /srv
    programs: { app: [/usr/bin/python3, ./app.py], /usr/bin/app-ready: [/bin/true] }
    files:
      - { path: /etc/app/app.conf, copyOf: app.conf }
      - { path: /etc/app/motd, content: "hello\\n", mode: 0o600 }
    folders: [.]
    user: 1000
    stopSignal: SIGINT
`,
    );
    const images = loadUserImages(file);
    const image = resolve("registry.example/app:1.10", images);
    expect(image).toMatchObject({
      entrypoint: ["app"],
      command: ["--port", "80"],
      env: { MODE: "test", VERSION: "1.10" },
      workingDirectory: "/srv",
      programs: { app: ["/usr/bin/python3", join(directory, "app.py")], "/usr/bin/app-ready": ["/bin/true"] },
      files: [
        { path: "/etc/app/app.conf", content: { copyOf: join(directory, "app.conf") }, mode: 0o644 },
        { path: "/etc/app/motd", content: "hello\n", mode: 0o600 },
      ],
      folders: [directory],
      user: 1000,
      stopSignal: "SIGINT",
    });
    expect(resolve("registry.example/app:2", images)).toBeUndefined();
  });

  it("answer to every tag without one of their own, before the built-in ones", () => {
    const images = parseUserImages("images: [{name: nginx, command: [mine]}]", "images.yaml");
    expect(resolve("nginx:1.27", images)?.entrypoint).toEqual(["mine"]);
    expect(resolve("docker.io/library/nginx", images)?.entrypoint).toEqual(["mine"]);
    expect(resolve("k8s.gcr.io/nginx-slim:0.8", images)?.entrypoint).not.toEqual(["mine"]);
  });

  it("tell all problems together, each with its line", () => {
    const text = `images:
  - command: [x]
  - name: lower/Case
  - name: ok
    comand: [x]
    args: text
    user: -1
    stopSignal: SIGHUP
    workingDirectory: relative
    files:
      - path: /a/../b
      - { path: /c, content: x, copyOf: y }
    programs: { "a/b": [x], empty: [] }
  - name: ok
  - just text
`;
    const problems = problemsOf(text);
    for (const [line, words] of [
      [2, "an image needs a name"],
      [3, "repository name must be lowercase"],
      [5, "unknown key comand"],
      [6, "args must be a list"],
      [7, "user must be a whole number"],
      [8, "stopSignal must be one of"],
      [9, "workingDirectory must be an absolute path"],
      [11, "a file needs a path"],
      [12, "either content or copyOf"],
      [13, "one word or an absolute path: a/b"],
      [13, "program empty needs a command"],
      [15, "an image must be a map"],
    ] as const) {
      expect(
        problems.some((problem) => problem.startsWith(`images.yaml:${line}:`) && problem.includes(words)),
        words,
      ).toBe(true);
    }
    expect(problems.join("\n")).toContain("docker.io/library/ok is declared twice");
  });

  it("tell where the YAML itself is broken", () => {
    expect(problemsOf("images:\n  - name: [\n")[0]).toMatch(/^images\.yaml:\d+: /);
    expect(problemsOf("- a\n")[0]).toContain("must be a map");
  });

  it("may be none", () => {
    expect(parseUserImages("", "images.yaml")).toEqual([]);
    expect(parseUserImages("images:\n", "images.yaml")).toEqual([]);
  });
});

function problemsOf(text: string): readonly string[] {
  try {
    parseUserImages(text, "images.yaml");
  } catch (error) {
    if (error instanceof UserImagesError) return error.problems;
    throw error;
  }
  throw new Error("no problem found");
}
