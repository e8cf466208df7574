import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { KubectlLab } from "./kubectl-lab.ts";

let kubectl: KubectlLab;
beforeAll(async () => {
  kubectl = await KubectlLab.start();
});
afterAll(() => kubectl.stop());

const POD = (name: string, spec: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {app: ${name}}}\nspec: ${spec}\n`;
const SLEEPER = "{terminationGracePeriodSeconds: 0, containers: [{name: c, image: busybox, command: [sleep, '1000']}]}";

describe("commands whose bodies are protobuf", () => {
  test.each([
    ["secret generic s --from-literal=user=admin", "secret s", "{.data.user}", "YWRtaW4="],
    ["configmap c --from-literal=a=b", "configmap c", "{.data.a}", "b"],
    ["namespace n", "namespace n", "{.status.phase}", "Active"],
    ["serviceaccount a", "serviceaccount a", "{.metadata.name}", "a"],
    ["pdb p --selector=app=x --min-available=50%", "pdb p", "{.spec.minAvailable}", "50%"],
    [
      "pdb q --selector='app in (x,y)' --max-unavailable=1",
      "pdb q",
      "{.spec.selector.matchExpressions[0].values}",
      '["x","y"]',
    ],
    ["service clusterip ci --tcp=80:8080", "service ci", "{.spec.ports[0].targetPort}", "8080"],
    [
      "service nodeport np --tcp=80:http --node-port=30999",
      "service np",
      "{.spec.ports[0].nodePort}{.spec.ports[0].targetPort}",
      "30999http",
    ],
    ["service externalname en --external-name=example.com", "service en", "{.spec.externalName}", "example.com"],
    ["service clusterip hl --clusterip=None", "service hl", "{.spec.clusterIP}", "None"],
  ])("create %s", async (command, object, path, value) => {
    expect(await kubectl.kubectl(`create ${command}`)).toMatch(/ created\n$/);
    expect(await kubectl.kubectl(`get ${object} -o jsonpath='${path}'`)).toBe(value);
  });
});

test.each([
  ["StatefullSet", "apps/v1"],
  ["StatefulSet", "apps/v2"],
  ["Deployment", "apps/v1"],
])("a %s of %s is no kind, and kubectl says so", async (kind, version) => {
  const { code, err } = await kubectl.sh(
    "kubectl apply -f -",
    JSON.stringify({ apiVersion: version, kind, metadata: { name: "web" } }),
  );
  expect([code, err]).toEqual([
    1,
    `error: resource mapping not found for name: "web" namespace: "" from "STDIN": no matches for kind "${kind}" in version "${version}"\nensure CRDs are installed first\n`,
  ]);
});

test("the service kubernetes survives the deletion of all services", async () => {
  await kubectl.kubectl("delete services --all");
  await kubectl.until("get service kubernetes", (text) => /ClusterIP +127\.\d+\.240\.1 /.test(text));
});

test.each(["default", "kube-system"])("namespace %s may not be deleted", async (name) => {
  expect((await kubectl.sh(`kubectl delete namespace ${name}`)).err).toBe(
    `Error from server (Forbidden): namespaces "${name}" is forbidden: this namespace may not be deleted\n`,
  );
});

test("a new image restarts the pod's container", async () => {
  await kubectl.kubectl("create -f -", POD("image", SLEEPER));
  await kubectl.kubectl("wait --for=condition=Ready pod/image");
  await kubectl.kubectl("set image pod/image c=busybox:1.28");
  await kubectl.until("get pod image --no-headers", (text) => / 1\/1 +Running +1 \(/.test(text));
  expect(await kubectl.kubectl("get events --field-selector involvedObject.name=image")).toContain(
    "Container c definition changed, will be restarted",
  );
});

test("files of labels and config maps follow their objects", async () => {
  await kubectl.kubectl("create configmap live --from-literal=a=one");
  const volumes =
    "[{name: l, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}, {name: m, configMap: {name: live}}]";
  const mounts = "[{name: l, mountPath: /l}, {name: m, mountPath: /m}]";
  await kubectl.kubectl(
    "create -f -",
    POD(
      "files",
      SLEEPER.replace("command", `volumeMounts: ${mounts}, command`).replace(/}$/, `, volumes: ${volumes}}`),
    ),
  );
  await kubectl.kubectl("wait --for=condition=Ready pod/files");
  expect(await kubectl.kubectl("exec files -- cat /l/labels /m/a")).toBe('app="files"one');
  await kubectl.kubectl("label pod files tier=x");
  await kubectl.kubectl(`patch configmap live -p '{"data":{"a":"two"}}'`);
  await kubectl.until("exec files -- cat /l/labels /m/a", (text) => text === 'app="files"\ntier="x"two');
});

test("cp carries megabytes there and back, exec tells the exit code and carries both ways", async () => {
  await kubectl.kubectl("create -f -", POD("box", SLEEPER));
  await kubectl.kubectl("wait --for=condition=Ready pod/box");
  const bytes = Buffer.alloc(8 * 1024 * 1024);
  for (let index = 0; index < bytes.length; index++) bytes[index] = (index * 31 + (index >> 8)) & 0xff;
  writeFileSync(join(kubectl.work, "there"), bytes);
  await kubectl.kubectl("cp there box:/tmp/there");
  await kubectl.kubectl("cp box:/tmp/there back");
  expect(readFileSync(join(kubectl.work, "back")).equals(bytes)).toBe(true);
  expect((await kubectl.sh("kubectl exec box -- sh -c 'exit 3'")).code).toBe(3);
  expect(await kubectl.kubectl("exec -i box -- wc -c", bytes)).toBe(`${bytes.length}\n`);
});

test("run -i --rm feeds the program, prints what it says, and leaves nothing", async () => {
  const ran = await kubectl.sh(
    "kubectl run once --rm -i --image=busybox --restart=Never -- sh",
    "echo out of $HOSTNAME; exit 0\n",
  );
  expect(ran.out).toContain("out of once\n");
  expect(ran.out).toContain('pod "once" deleted\n');
  expect((await kubectl.sh("kubectl get pod once")).err).toBe('Error from server (NotFound): pods "once" not found\n');
});

test("a finalizer holds an object back until it is taken away", async () => {
  await kubectl.kubectl(
    "create -f -",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [example.com/hold]}\n",
  );
  await kubectl.kubectl("delete configmap held --wait=false");
  expect(await kubectl.kubectl("get configmap held -o jsonpath={.metadata.deletionTimestamp}")).not.toBe("");
  await kubectl.kubectl(`patch configmap held --type=merge -p '{"metadata":{"finalizers":null}}'`);
  expect((await kubectl.sh("kubectl get configmap held")).err).toContain("NotFound");
});

test("a taint keeps pods off, and a toleration lets them on again", async () => {
  await kubectl.kubectl("taint nodes --all dedicated=x:NoSchedule");
  await kubectl.kubectl("create -f -", POD("kept-off", SLEEPER));
  await kubectl.until("describe pod kept-off", (text) =>
    text.includes(
      "0/4 nodes are available: 4 node(s) had untolerated taint {dedicated: x}. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
    ),
  );
  await kubectl.kubectl(
    "create -f -",
    POD("let-on", SLEEPER.replace("{", "{tolerations: [{key: dedicated, operator: Exists}], ")),
  );
  await kubectl.kubectl("wait --for=condition=Ready pod/let-on");
  await kubectl.kubectl("taint nodes --all dedicated-");
  await kubectl.kubectl("wait --for=condition=Ready pod/kept-off");
});

const OTHERS = ["1.28", "1.29", "1.30", "1.31", "1.33"].map((version) => ({
  version,
  path: `/usr/lib/google-cloud-sdk/bin/kubectl.${version}`,
}));

/** Where the machine has other kubectls beside its own. */
describe.each(OTHERS.filter(({ path }) => existsSync(path)))("kubectl $version", ({ version, path }) => {
  test("applies, shows and deletes", async () => {
    const name = `v${version.replace(".", "")}`;
    const list = `apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}, data: {a: b}}]\n`;
    expect((await kubectl.sh(`${path} apply -f -`, list)).out).toBe(`configmap/${name} created\n`);
    expect((await kubectl.sh(`${path} apply -f -`, list)).out).toBe(`configmap/${name} unchanged\n`);
    expect((await kubectl.sh(`${path} get configmap ${name} --no-headers`)).out).toMatch(
      new RegExp(`^${name} +1 +\\d+s\n$`),
    );
    expect((await kubectl.sh(`${path} delete configmap ${name}`)).out).toBe(`configmap "${name}" deleted\n`);
  });
});
