import { Resolver } from "node:dns/promises";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { isStatus } from "../../packages/kubernetes/src/api/index.ts";
import { probeNamespaces } from "../../packages/kubernetes/src/runtime/index.ts";
import { until } from "../eventually.ts";
import { type AgentLab, startAgentLab } from "./agent-lab.ts";

const probe = await probeNamespaces(tmpdir());

/** Ready pods that answer with their name at port 80. */
const SERVER = `const http=require("http");http.createServer((q,r)=>r.end(process.env.HOSTNAME+"\\n")).listen(80)`;

const read = (stream: Readable | undefined) => (stream === undefined ? "" : text(stream));

describe.skipIf(!probe.ok)("pods out of namespaces", () => {
  let lab: AgentLab;
  const scratch = mkdtempSync(join(tmpdir(), "ordinal-volume-"));
  beforeAll(async () => (lab = await startAgentLab("namespaces")));
  afterAll(async () => {
    await lab.end();
    rmSync(scratch, { recursive: true, force: true });
  });

  const web = (name: string, index: number) =>
    lab.createPod(
      name,
      {
        hostname: name,
        subdomain: "nginx",
        containers: [
          {
            name: "web",
            image: "busybox",
            command: [process.execPath, "-e", SERVER],
            ports: [{ name: "web", containerPort: 80 }],
            readinessProbe: { httpGet: { port: "web" }, periodSeconds: 1 },
          },
        ],
      },
      { labels: { app: "web", index: String(index) } },
    );

  const ref = async (name: string) => ({ namespace: "default", name, uid: (await lab.pod(name)).metadata?.uid ?? "" });
  const exec = async (name: string, command: string[]) => {
    const session = await lab.agent.node.exec(await ref(name), {
      container: "web",
      command,
      stdin: false,
      stdout: true,
      stderr: true,
      tty: false,
    });
    const [stdout, stderr, { exitCode }] = await Promise.all([
      read(session.stdout),
      read(session.stderr),
      session.exited,
    ]);
    return { stdout, stderr, exitCode };
  };

  test("run, are Ready by probe, and the host reaches them", async () => {
    await web("web-0", 0);
    await web("web-1", 1);
    for (const name of ["web-0", "web-1"]) {
      await lab.ready(name);
      const { address, hostPort } = await lab.forward(`default/${name}`);
      expect(await (await fetch(`http://${address}:${hostPort}/`)).text()).toBe(`${name}\n`);
    }
  });

  test("exec both ways, with the exit code and a half-closed input", async () => {
    expect(await exec("web-0", ["hostname", "-f"])).toEqual({
      stdout: "web-0.nginx.default.svc.cluster.local\n",
      stderr: "",
      exitCode: 0,
    });
    expect((await exec("web-0", ["sh", "-c", "echo no >&2; exit 3"])).exitCode).toBe(3);
    const session = await lab.agent.node.exec(await ref("web-0"), {
      container: "web",
      command: ["cat"],
      stdin: true,
      stdout: true,
      stderr: false,
      tty: false,
    });
    const sent = "x".repeat(3_000_000);
    session.stdin?.end(sent);
    expect(await read(session.stdout)).toBe(sent);
    expect((await session.exited).exitCode).toBe(0);
  });

  test("a command that does not exist is refused in the runtime's words", async () => {
    await expect(exec("web-0", ["nosuch"])).rejects.toThrow(/nosuch.*executable file not found in \$PATH/);
  });

  test("port-forward reaches localhost of the pod", async () => {
    const stream = await lab.agent.node.portForward(await ref("web-1"), 80);
    stream.end("GET / HTTP/1.0\r\n\r\n");
    expect(await text(stream)).toMatch(/web-1\n$/);
    await expect(lab.agent.node.portForward(await ref("web-1"), 81)).rejects.toThrow(
      /failed to connect to localhost:81/,
    );
  });

  test("names resolve in the pods and from the host, services reach ready endpoints from both", async () => {
    const service = (name: string, spec: object) =>
      lab.client.create("services", {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name, namespace: "default" },
        spec,
      });
    const slice = (name: string, pods: string[]) =>
      Promise.all(
        pods.map(async (pod) => ({
          addresses: [(await lab.pod(pod)).status?.podIP],
          conditions: { ready: true },
          hostname: pod,
        })),
      ).then((endpoints) =>
        lab.client.create("endpointslices.discovery.k8s.io", {
          apiVersion: "discovery.k8s.io/v1",
          kind: "EndpointSlice",
          metadata: { name: `${name}-1`, namespace: "default", labels: { "kubernetes.io/service-name": name } },
          addressType: "IPv4",
          ports: [{ name: "web", port: 80, protocol: "TCP" }],
          endpoints,
        }),
      );
    await service("nginx", { clusterIP: "None", selector: { app: "web" }, ports: [{ name: "web", port: 80 }] });
    await service("all", { type: "NodePort", selector: { app: "web" }, ports: [{ name: "web", port: 80 }] });
    await slice("nginx", ["web-0", "web-1"]);
    await slice("all", ["web-0", "web-1"]);
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${lab.dnsPort}`]);
    const address = (await lab.pod("web-1")).status?.podIP;
    await until("DNS", async () =>
      (await resolver.resolve4("web-1.nginx.default.svc.cluster.local").catch(() => [])).join() === address
        ? true
        : undefined,
    );
    expect((await exec("web-0", ["getent", "hosts", "web-1.nginx"])).stdout).toContain(
      "web-1.nginx.default.svc.cluster.local",
    );
    const fetchFromPod = `fetch("http://all/").then(r=>r.text()).then(t=>process.stdout.write(t))`;
    const answers = await Promise.all([0, 1, 2, 3].map(() => exec("web-0", [process.execPath, "-e", fetchFromPod])));
    expect(new Set(answers.map(({ stdout }) => stdout))).toEqual(new Set(["web-0\n", "web-1\n"]));
    const nodePort = await until("node port", () =>
      lab.agent.forwards().find(({ kind, address: at }) => kind === "nodePort" && at === "127.0.0.1"),
    );
    expect(await (await fetch(`http://127.0.0.1:${nodePort.hostPort}/`)).text()).toMatch(/^web-[01]\n$/);
    const clusterIP = lab.agent.forwards().find(({ kind }) => kind === "clusterIP");
    expect(await (await fetch(`http://${clusterIP?.address}:${clusterIP?.hostPort}/`)).text()).toMatch(/^web-[01]\n$/);
  });

  test("logs follow until the container ends, and can be read after that", async () => {
    const command = ["sh", "-c", "echo run; sleep 1; echo last"];
    await lab.createPod("job", {
      restartPolicy: "OnFailure",
      containers: [{ name: "web", image: "busybox", command }],
    });
    await until("job running", async () => ((await lab.pod("job")).status?.phase === "Running" ? true : undefined));
    const logs = await lab.agent.node.logs(await ref("job"), {
      container: "web",
      follow: true,
      previous: false,
      timestamps: false,
    });
    expect(await text(logs)).toBe("run\nlast\n");
    await until("job done", async () => ((await lab.pod("job")).status?.phase === "Succeeded" ? true : undefined));
    const again = await lab.agent.node.logs(await ref("job"), {
      container: "web",
      follow: false,
      previous: false,
      timestamps: false,
      tailLines: 1,
    });
    expect(await text(again)).toBe("last\n");
  });

  test("volumes, environment, init containers and the termination message arrive", async () => {
    writeFileSync(join(scratch, "in"), "from outside");
    await lab.client.create("configmaps", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "cfg", namespace: "default" },
      data: { key: "value" },
    });
    const mounts = [
      { name: "shared", mountPath: "/shared" },
      { name: "cfg", mountPath: "/etc/cfg" },
      { name: "host", mountPath: "/host" },
    ];
    const show =
      'echo "$(cat /shared/made) $(cat /etc/cfg/key) $(cat /host/in) $POD_IP $(NAME)" > /host/out; echo bye > /dev/termination-log; exit 7';
    await lab.createPod("full", {
      restartPolicy: "Never",
      volumes: [
        { name: "shared", emptyDir: {} },
        { name: "cfg", configMap: { name: "cfg" } },
        { name: "host", hostPath: { path: scratch } },
      ],
      initContainers: [
        { name: "init", image: "busybox", command: ["sh", "-c", "echo made > /shared/made"], volumeMounts: mounts },
      ],
      containers: [
        {
          name: "web",
          image: "busybox",
          command: ["sh", "-c", show],
          volumeMounts: mounts,
          env: [
            { name: "NAME", value: "expanded" },
            { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          ],
        },
      ],
    });
    const done = await until("failed", async () => {
      const pod = await lab.pod("full");
      return pod.status?.phase === "Failed" ? pod : undefined;
    });
    expect(readFileSync(join(scratch, "out"), "utf8")).toBe(`made value from outside ${done.status?.podIP} expanded\n`);
    expect(done.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 7,
      reason: "Error",
      message: "bye\n",
    });
  });

  test("a liveness probe that fails restarts the container", async () => {
    const containers = [
      {
        name: "web",
        image: "busybox",
        command: ["sleep", "1000"],
        livenessProbe: { exec: { command: ["false"] }, periodSeconds: 1, failureThreshold: 1 },
      },
    ];
    await lab.createPod("sick", { containers, terminationGracePeriodSeconds: 0 });
    await until("restarted", async () =>
      ((await lab.pod("sick")).status?.containerStatuses?.[0]?.restartCount ?? 0) > 0 ? true : undefined,
    );
  });

  test("a deleted pod's hook runs before its program is told to stop", async () => {
    const program = `trap 'echo stopped >> /host/end; exit 0' TERM; while :; do sleep 0.05; done`;
    const lifecycle = { preStop: { exec: { command: ["sh", "-c", "echo hook >> /host/end"] } } };
    const containers = [
      {
        name: "web",
        image: "busybox",
        command: ["sh", "-c", program],
        lifecycle,
        volumeMounts: [{ name: "host", mountPath: "/host" }],
      },
    ];
    await lab.createPod("polite", { containers, volumes: [{ name: "host", hostPath: { path: scratch } }] });
    await lab.ready("polite");
    await lab.client.delete("pods", "default", "polite");
    await until("gone", () =>
      lab.pod("polite").then(
        () => undefined,
        () => true,
      ),
    );
    expect(readFileSync(join(scratch, "end"), "utf8")).toBe("hook\nstopped\n");
  });

  test("attach reaches the program's own input and output, and ends with it", async () => {
    await lab.createPod("talk", {
      restartPolicy: "Never",
      containers: [{ name: "web", image: "busybox", command: ["cat"], stdin: true, stdinOnce: true }],
    });
    await lab.ready("talk");
    const session = await lab.agent.node.attach(await ref("talk"), {
      container: "web",
      stdin: true,
      stdout: true,
      stderr: true,
      tty: false,
    });
    session.stdin?.end("hello\n");
    expect(await read(session.stdout)).toBe("hello\n");
    expect((await session.exited).exitCode).toBe(0);
    await until("succeeded", async () => ((await lab.pod("talk")).status?.phase === "Succeeded" ? true : undefined));
  });

  test("a deleted pod goes, with its listener", async () => {
    const { address, hostPort } = await lab.forward("default/web-1");
    await lab.client.delete("pods", "default", "web-1", { gracePeriodSeconds: 1 });
    await until("gone", () =>
      lab.pod("web-1").then(
        () => undefined,
        (error: unknown) => (isStatus(error, "NotFound") ? true : undefined),
      ),
    );
    await until(
      "refused",
      () =>
        new Promise<true | undefined>((resolve) =>
          connect({ host: address, port: hostPort }, () => resolve(undefined)).on("error", () => resolve(true)),
        ),
    );
    expect(lab.agent.forwards().filter(({ target }) => target === "default/web-1")).toEqual([]);
  });
});
