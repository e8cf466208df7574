import { once } from "node:events";
import { chmodSync } from "node:fs";
import { createServer } from "node:net";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Kubectl, startKubectl } from "./kubectl.ts";

const WEB = `apiVersion: v1
kind: Service
metadata: {name: nginx, labels: {app: nginx}}
spec: {ports: [{port: 80, name: web}], clusterIP: None, selector: {app: nginx}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - {name: nginx, image: registry.k8s.io/nginx-slim:0.8, ports: [{containerPort: 80, name: web}]}
`;

const POD = `apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: p}}
spec: {nodeName: node-0, containers: [{name: c, image: busybox}]}
`;

let kubectl: Kubectl;

beforeAll(async () => {
  kubectl = await startKubectl();
});

afterAll(() => kubectl.close());

async function fails(...args: string[]): Promise<string> {
  const result = await kubectl.run(args);
  expect(result.code).not.toBe(0);
  return result.err;
}

describe("kubectl", () => {
  it("applies, shows and changes a StatefulSet", async () => {
    const file = kubectl.file("web.yaml", WEB);
    expect(await kubectl.ok(`apply -f ${file} --dry-run=server`)).toBe(
      "service/nginx created (server dry run)\nstatefulset.apps/web created (server dry run)\n",
    );
    expect(await kubectl.ok("get sts")).toBe("");
    expect(await kubectl.ok(`apply -f ${file}`)).toBe("service/nginx created\nstatefulset.apps/web created\n");
    expect(await kubectl.ok(`apply -f ${file}`)).toBe("service/nginx unchanged\nstatefulset.apps/web unchanged\n");
    expect(await kubectl.ok("get sts")).toMatch(/^NAME {3}READY {3}AGE\nweb {4}0\/2 {5}\d+s\n$/);
    expect(await kubectl.ok("get sts -o wide")).toContain("registry.k8s.io/nginx-slim:0.8");
    expect(await kubectl.ok("get sts web -o jsonpath={.spec.podManagementPolicy}")).toBe("OrderedReady");
    expect(await kubectl.ok("get sts web -o yaml")).toContain("  revisionHistoryLimit: 10\n");
    expect((JSON.parse(await kubectl.ok("get sts web -o json")) as { kind: string }).kind).toBe("StatefulSet");
    expect(await kubectl.ok("get all -o name")).toBe("service/nginx\nstatefulset.apps/web\n");
    expect(await kubectl.ok("scale sts web --replicas=3")).toBe("statefulset.apps/web scaled\n");
    expect(await kubectl.ok("get sts web -o jsonpath={.spec.replicas}/{.metadata.generation}")).toBe("3/2");
    const diff = await kubectl.run(["diff", "-f", kubectl.file("new.yaml", WEB.replace("slim:0.8", "slim:0.9"))]);
    expect(diff.code).toBe(1);
    expect(diff.out).toContain("+      - image: registry.k8s.io/nginx-slim:0.9");
  });

  it("patches in all three ways", async () => {
    const patch = (type: string, text: string): Promise<unknown> =>
      kubectl.run(["patch", "sts", "web", `--type=${type}`, "-p", text]);
    const image = (): Promise<string> =>
      kubectl.ok("get sts web -o jsonpath={.spec.template.spec.containers[*].image}");
    await patch("strategic", '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"a"}]}}}}');
    expect(await image()).toBe("a");
    await patch("json", '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"b"}]');
    expect(await image()).toBe("b");
    await patch("merge", '{"spec":{"template":{"spec":{"containers":[{"name":"other","image":"c"}]}}}}');
    expect(await image()).toBe("c");
    expect(await kubectl.ok('patch sts web -p {"spec":{"updateStrategy":{"type":"RollingUpdate"}}}')).toBe(
      "statefulset.apps/web patched (no change)\n",
    );
    expect(await fails("patch", "sts", "web", "-p", '{"spec":{"serviceName":"x"}}')).toMatch(
      /^The StatefulSet "web" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas'/,
    );
    expect(await fails("patch", "sts", "web", "--type=json", "-p", '[{"op":"remove","path":"/spec/nope"}]')).toBe(
      "The request is invalid: the server rejected our request due to an error in our request\n",
    );
    expect(await fails("patch", "sts", "web", "-p", "{")).toBe(
      "Error from server (BadRequest): unexpected end of JSON input\n",
    );
  });

  it("refuses mistakes in the original's words", async () => {
    const bad = (from: string, to: string): Promise<string> =>
      fails(
        "create",
        "-f",
        kubectl.file(
          "bad.yaml",
          WEB.split("---\n")[1]?.replace("name: web}\nspec", "name: bad}\nspec").replace(from, to) ?? "",
        ),
      );
    expect(await bad("replicas: 2", "replica: 2")).toMatch(
      /\(BadRequest\): error when creating.*: StatefulSet in version "v1" cannot be handled as a StatefulSet: strict decoding error: unknown field "spec\.replica"/,
    );
    expect(await bad("replicas: 2", "replicas: two")).toMatch(
      /json: cannot unmarshal string into Go struct field StatefulSetSpec\.spec\.replicas of type int32/,
    );
    expect(await bad("replicas: 2", "replicas: -2")).toBe(
      'The StatefulSet "bad" is invalid: spec.replicas: Invalid value: -2: must be greater than or equal to 0\n',
    );
    expect(await fails("create", "-f", kubectl.file("web.yaml", WEB))).toContain('services "nginx" already exists');
    expect(await fails("get", "sts", "nope")).toBe(
      'Error from server (NotFound): statefulsets.apps "nope" not found\n',
    );
    expect(await fails("get", "pods", "-l", "app in (x")).toBe(
      "Error from server (BadRequest): Unable to find \"/v1, Resource=pods\" that match label selector \"app in (x\", field selector \"\": unable to parse requirement: found '', expected: ',' or ')'\n",
    );
    expect(await fails("get", "pods", "--field-selector=spec.colour=red")).toContain(
      "field label not supported: spec.colour",
    );
    expect((await kubectl.run(["get", "pods", "-n", "nowhere"])).err).toBe(
      "No resources found in nowhere namespace.\n",
    );
  });

  it("watches, labels, annotates and edits", async () => {
    await kubectl.ok(`apply -f ${kubectl.file("pod.yaml", POD)}`);
    const watch = kubectl.start(["get", "pods", "-w", "--show-labels"]);
    await watch.until("app=p");
    await kubectl.ok("label pod p tier=x");
    await watch.until("app=p,tier=x");
    await kubectl.ok("annotate pod p note=y");
    const editor = kubectl.file("editor", '#!/bin/sh\nsed -i "s/tier: x/tier: edited/" "$1"\n');
    chmodSync(editor, 0o755);
    const edited = await kubectl.run(["edit", "pod", "p"], { env: { KUBE_EDITOR: editor } });
    expect([edited.code, edited.out]).toEqual([0, "pod/p edited\n"]);
    await watch.until("tier=edited");
    await watch.stop();
    expect(watch.output().split("\n")[0]).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE +LABELS$/);
    expect(await kubectl.ok("get pod p -o jsonpath={.metadata.annotations.note}")).toBe("y");
  });

  it("shares fields by server-side apply", async () => {
    const config = (data: string): string =>
      kubectl.file("cm.yaml", `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: ${data}\n`);
    expect(await kubectl.ok(`apply --server-side -f ${config("{a: one, b: one}")}`)).toBe(
      "configmap/shared serverside-applied\n",
    );
    const conflict = await fails("apply", "--server-side", "--field-manager=other", "-f", config("{a: two}"));
    expect(conflict).toContain('error: Apply failed with 1 conflict: conflict with "kubectl": .data.a\n');
    await kubectl.ok(`apply --server-side --field-manager=other --force-conflicts -f ${config("{a: two}")}`);
    await kubectl.ok(`apply --server-side -f ${config("{c: one}")}`);
    expect(JSON.parse(await kubectl.ok("get cm shared -o jsonpath={.data}"))).toEqual({ a: "two", c: "one" });
  });

  it("waits and deletes", async () => {
    const waiting = kubectl.run(["wait", "--for=condition=Ready", "pod/p", "--timeout=20s"]);
    await kubectl.run([
      "patch",
      "pod",
      "p",
      "--subresource=status",
      "-p",
      '{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}',
    ]);
    expect((await waiting).out).toBe("pod/p condition met\n");
    // Nobody here ends the pod: kubectl waits, and gives up.
    const graceful = await kubectl.run(["delete", "pod", "p", "--timeout=1s"]);
    expect(graceful.err).toContain("timed out waiting for the condition on pods/p");
    expect(await kubectl.ok("get pod p")).toMatch(/Terminating/);
    expect(await kubectl.ok("delete pod p --force")).toBe('pod "p" force deleted\n');
    expect(await kubectl.ok("delete sts web --cascade=orphan --wait=false")).toBe('statefulset.apps "web" deleted\n');
    expect(await kubectl.ok("get sts web -o jsonpath={.metadata.finalizers}")).toBe('["orphan"]');
    await kubectl.ok('patch sts web -p {"metadata":{"finalizers":null}}');
    expect(await fails("get", "sts", "web")).toContain("NotFound");
    expect(await kubectl.ok("delete svc nginx")).toBe('service "nginx" deleted\n');
  });

  it("asks what there is", async () => {
    expect(await kubectl.ok("version")).toContain("Server Version: v1.32.13");
    expect(await kubectl.ok("api-resources")).toMatch(/statefulsets +sts +apps\/v1 +true +StatefulSet/);
    expect(await kubectl.ok("explain sts.spec.updateStrategy.rollingUpdate")).toContain("partition");
    expect(await fails("explain", "sts.spec.nope")).toContain('error: field "nope" does not exist');
    expect(await kubectl.ok("auth can-i create pods")).toBe("yes\n");
    expect(await fails("top", "pods")).toBe("error: Metrics API not available\n");
  });
});

describe("streams of a pod", () => {
  beforeAll(async () => {
    await kubectl.ok(`apply -f ${kubectl.file("pod.yaml", POD)}`);
    await kubectl.run(["patch", "pod", "p", "--subresource=status", "-p", '{"status":{"phase":"Running"}}']);
  });

  it("runs commands with both outputs and their exit code", async () => {
    const result = await kubectl.run(["exec", "p", "--", "sh", "-c", "echo out; echo err >&2; exit 3"]);
    expect([result.code, result.out, result.err]).toEqual([3, "out\n", "err\ncommand terminated with exit code 3\n"]);
    expect((await kubectl.run(["exec", "p", "--", "/nope"])).err).toMatch(
      /^error: Internal error occurred: cannot start/,
    );
    expect((await kubectl.run(["exec", "p", "-c", "nope", "--", "ls"])).err).toBe(
      "Error from server (BadRequest): container nope is not valid for pod p\n",
    );
  });

  it("carries standard input, whole and ended", async () => {
    const input = Buffer.alloc(3_000_000, "0123456789abcdef\n");
    const result = await kubectl.run(["exec", "-i", "p", "--", "cat"], { input });
    expect(result.out === input.toString("latin1")).toBe(true);
  });

  it("attaches, whatever the exit code", async () => {
    const result = await kubectl.run(["attach", "-i", "p"], { input: "hello\n" });
    expect([result.code, result.out]).toEqual([0, "hello\n"]);
  });

  it("reads logs", async () => {
    expect(await kubectl.ok("logs p --tail=2")).toBe("line 28\nline 29\n");
    expect(await fails("logs", "p", "-c", "nope")).toContain("container nope is not valid for pod p");
    expect(await fails("logs", "nope")).toBe(
      'error: error from server (NotFound): pods "nope" not found in namespace "default"\n',
    );
  });

  it("forwards ports, and says why not", async () => {
    const body = Buffer.alloc(2_000_000, "x");
    const target = createServer((socket) =>
      socket.on("data", () => socket.end(Buffer.concat([Buffer.from("HTTP/1.0 200 OK\r\n\r\n"), body]))),
    );
    target.listen(0, "127.0.0.1");
    await once(target, "listening");
    const port = (target.address() as { port: number }).port;
    const forward = kubectl.start(["port-forward", "p", `:${port}`, ":1"]);
    await forward.until("-> 1\n");
    const [open, closed] = [...forward.output().matchAll(/127\.0\.0\.1:(\d+)/g)].map((match) => match[1]);
    for (const _time of [1, 2]) {
      const text = await (await fetch(`http://127.0.0.1:${open}/`)).text();
      expect(text.length).toBe(body.length);
    }
    await expect(fetch(`http://127.0.0.1:${closed}/`)).rejects.toThrow();
    await forward.until("error forwarding port 1 to pod p");
    await forward.stop();
    target.close();
  });
});
