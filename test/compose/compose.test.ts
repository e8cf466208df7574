import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { eventually } from "../eventually.ts";
import { Performer } from "../tutorials/perform.ts";
import { loadTutorial } from "../tutorials/tutorial.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);
const IMAGE = "ordinal-test";
const IMAGE_BYTES_MAX = 400_000_000;

interface Variant {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly project: string;
  readonly subnet: string;
  readonly dns: string;
}

const variants: readonly Variant[] = [
  {
    name: "docker-compose 1.29",
    command: ["docker-compose"],
    project: "ordinaltest1",
    subnet: "172.31.241.0/24",
    dns: "172.31.241.10",
  },
  {
    name: "Compose v2",
    command: ["docker", "compose"],
    project: "ordinaltest2",
    subnet: "172.31.242.0/24",
    dns: "172.31.242.10",
  },
];

const tutorial = loadTutorial(new URL("../tutorials/section-1.yaml", import.meta.url));
const played = tutorial.steps.flatMap(({ id, compose }) => (compose === undefined ? [] : [{ id, compose }]));
const missing = await whatIsMissing();

describe.each(variants)("the lab under $name", (variant) => {
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: variant.project,
    ORDINAL_IMAGE: IMAGE,
    ORDINAL_SUBNET: variant.subnet,
    ORDINAL_DNS_ADDRESS: variant.dns,
  };
  const compose = (...args: string[]): Promise<string> => run([...variant.command, ...args], env);
  const inside = (service: string, command: string): Promise<string> =>
    compose("exec", "-T", service, "sh", "-c", command);
  const container = async (service: string): Promise<string> => (await compose("ps", "-q", service)).trim();
  const address = async (service: string): Promise<string> =>
    (
      await run([
        "docker",
        "inspect",
        "-f",
        "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
        await container(service),
      ])
    ).trim();

  beforeAll(async () => {
    if (missing !== undefined) return;
    await run(["docker", "build", "-q", "-t", IMAGE, root], env);
    await compose("up", "--detach");
    for (const service of ["web-0", "web-1"])
      await eventually(async () => {
        const health = await run(["docker", "inspect", "-f", "{{.State.Health.Status}}", await container(service)]);
        expect(health.trim()).toBe("healthy");
      });
  });
  afterAll(async () => {
    if (missing === undefined) await compose("down", "--volumes", "--timeout", "2");
  });

  it("gives every container its pod's hostname and FQDN", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    for (const pod of ["web-0", "web-1"]) {
      expect((await inside(pod, "hostname")).trim()).toBe(pod);
      expect((await inside(pod, "hostname -f")).trim()).toBe(`${pod}.nginx.default.svc.cluster.local`);
    }
  });

  it("resolves the stable names in every container, short and long", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    for (const from of ["web-0", "web-1"])
      for (const pod of ["web-0", "web-1"]) {
        const found = await address(pod);
        for (const name of [`${pod}.nginx`, `${pod}.nginx.default.svc.cluster.local`])
          await eventually(async () =>
            expect((await inside(from, `getent hosts ${name}`)).split(/\s+/)[0]).toBe(found),
          );
      }
  });

  it("names both pods behind the headless service, by SRV with the port's name", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const script =
      "require('node:dns').promises.resolveSrv('_web._tcp.nginx.default.svc.cluster.local').then((r) => console.log(r.map((s) => s.name + ':' + s.port).sort().join(' ')))";
    await eventually(async () =>
      expect((await inside("web-0", `node -e "${script}"`)).trim()).toBe(
        "web-0.nginx.default.svc.cluster.local:80 web-1.nginx.default.svc.cluster.local:80",
      ),
    );
  });

  it("serves each pod's own volume, which outlives the container", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const fetchPage = (from: string, pod: string): Promise<string> =>
      inside(
        from,
        `node -e "fetch('http://${pod}.nginx/').then((r) => r.text()).then((t) => process.stdout.write(t))"`,
      );
    for (const pod of ["web-0", "web-1"]) await inside(pod, "echo $(hostname) > /usr/share/nginx/html/index.html");
    expect(await fetchPage("web-0", "web-1")).toBe("web-1\n");
    await compose("rm", "--stop", "--force", "web-1");
    await compose("up", "--detach", "web-1");
    await eventually(async () => expect(await fetchPage("web-0", "web-1")).toBe("web-1\n"));
  });

  it("follows a container that comes back with another address", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const before = await address("web-0");
    await compose("rm", "--stop", "--force", "web-0");
    // Somebody else takes the address meanwhile.
    const squatter = (
      await run([
        "docker",
        "run",
        "--detach",
        "--rm",
        "--network",
        `${variant.project}_pods`,
        "--ip",
        before,
        "--entrypoint",
        "sleep",
        IMAGE,
        "300",
      ])
    ).trim();
    try {
      await compose("up", "--detach", "web-0");
      const after = await address("web-0");
      expect(after).not.toBe(before);
      await eventually(async () =>
        expect((await inside("web-1", "getent hosts web-0.nginx")).split(/\s+/)[0]).toBe(after),
      );
    } finally {
      await run(["docker", "rm", "--force", squatter]);
    }
  });

  it.for(played)("tutorial 1, $id: $compose.command", async ({ id, compose: { command, expects, again } }, context) => {
    if (missing !== undefined) return context.skip(missing);
    const performer = new Performer(root, { ...env, COMPOSE: variant.command.join(" ") });
    const perform = (): Promise<void> => performer.perform({ id, terminal: "B", command, expects });
    await (again === true ? eventually(perform) : perform());
  });

  it("runs without root, in one image of less than 400 MB", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    for (const service of ["dns", "web-0"]) expect((await inside(service, "id -u")).trim()).toBe("1000");
    expect(Number(await run(["docker", "image", "inspect", "-f", "{{.Size}}", IMAGE]))).toBeLessThan(IMAGE_BYTES_MAX);
  });
});

async function whatIsMissing(): Promise<string | undefined> {
  for (const command of [
    ["docker", "info"],
    ["docker-compose", "--version"],
    ["docker", "compose", "version"],
  ] as const)
    try {
      await execute(command[0], command.slice(1));
    } catch (error) {
      return `needs a Docker engine with docker-compose 1.29 and Compose v2: \`${command.join(" ")}\` failed (${(error as Error).message.split("\n")[0]})`;
    }
  return undefined;
}

async function run(command: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { stdout } = await execute(command[0] ?? "", command.slice(1), { cwd: root, env, maxBuffer: 16 << 20 });
  return stdout;
}
