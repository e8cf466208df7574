import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { homeDirectory, homePaths, isRunning, readState, type Home } from "@ordinal/kubernetes/lab-home";
import type { StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import type { Pod } from "kubernetes-types/core/v1.d.ts";

import { flag, number, parse, text, texts } from "../arguments.ts";
import { onStopRequest } from "../stop-request.ts";
import { CommandError, UsageError } from "../usage.ts";

const OPTIONS = {
  file: { type: "string", short: "f", multiple: true },
  empty: { type: "boolean" },
  detach: { type: "boolean" },
  port: { type: "string" },
  "dns-port": { type: "string" },
  runtime: { type: "string" },
  images: { type: "string" },
  timeout: { type: "string" },
} as const;

export interface StartOptions {
  readonly home: string;
  readonly defaultHome: boolean;
  readonly files: readonly string[];
  readonly port: number | undefined;
  readonly dnsPort: number | undefined;
  readonly runtime: "auto" | "namespaces" | "processes";
  readonly images: string | undefined;
  /** How long a detached start waits for every pod to be Ready. */
  readonly timeoutMs: number;
}

const READY_TIMEOUT_S = 120;
const REDRAW_MS = 100;
const ZOOKEEPER_PORT = 2181;
/** A pod that cannot start for so long is not going to: an unknown image, a program that ends at once, no node that fits. */
const TROUBLE_MS = 10_000;

export async function run(args: readonly string[]): Promise<number> {
  if (process.platform !== "linux")
    throw new CommandError(
      `Pods need Linux, and this is ${process.platform}. Run \`docker compose up\` instead: it brings the same servers up as containers.`,
    );
  const options = readOptions(args);
  const home = homePaths(options.home);
  const state = readState(home);
  if (isRunning(state))
    throw new CommandError(
      `A lab is running in ${home.directory} already (process ${state.pid}). \`ordinal status\` shows it, \`ordinal stop\` ends it; a second lab needs a home of its own: --home DIR.`,
    );
  if (flag(parse(args, OPTIONS), "detach")) {
    const { startDetached } = await import("../detached.ts");
    return startDetached(
      home,
      args.filter((arg) => arg !== "--detach"),
      options.timeoutMs,
    );
  }
  return foreground(options, home);
}

function readOptions(args: readonly string[]): StartOptions {
  const parsed = parse(args, OPTIONS);
  if (parsed.positionals.length > 0)
    throw new UsageError(`start takes no "${parsed.positionals[0]}"; manifests are named with -f.`);
  const files = texts(parsed, "file");
  if (flag(parsed, "empty") && files.length > 0) throw new UsageError("--empty and -f exclude each other.");
  const runtime = text(parsed, "runtime") ?? "auto";
  if (runtime !== "auto" && runtime !== "namespaces" && runtime !== "processes")
    throw new UsageError(`--runtime takes auto, namespaces or processes, not "${runtime}".`);
  const home = text(parsed, "home");
  return {
    home: homeDirectory(home),
    defaultHome: home === undefined && process.env["ORDINAL_HOME"] === undefined,
    files: flag(parsed, "empty") ? [] : files.length > 0 ? files : [ownManifests()],
    port: number(parsed, "port", 1, 65_535),
    dnsPort: number(parsed, "dns-port", 1, 65_535),
    runtime,
    images: text(parsed, "images"),
    timeoutMs: (number(parsed, "timeout", 1, 86_400) ?? READY_TIMEOUT_S) * 1000,
  };
}

/** The project's own manifests: inside the package as npm installs it, beside the packages in a checkout. */
function ownManifests(): string {
  const installed = fileURLToPath(new URL("../../manifests", import.meta.url));
  return existsSync(installed) ? installed : fileURLToPath(new URL("../../../../manifests", import.meta.url));
}

async function foreground(options: StartOptions, home: Home): Promise<number> {
  const startedAt = performance.now();
  // Whoever started us in the background may have gone on: then nobody listens any more.
  const tell = (message: object): void => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  const report = process.send === undefined ? undefined : tell;
  const [{ startLab }, { liveView }, { readManifests }] = await Promise.all([
    import("@ordinal/kubernetes"),
    import("../live-view.ts"),
    import("../manifests.ts"),
  ]);
  const manifests = readManifests(options.files);
  const view =
    report === undefined
      ? liveView(process.stdout)
      : { show: (lines: readonly string[]) => report({ kind: "lines", lines }), end: () => {} };
  const stopping = Promise.withResolvers<string>();
  let asked = false;
  // A second Ctrl-C does not wait: the agent ends with this process, and every pod with the agent.
  onStopRequest(
    (signal) => {
      asked = true;
      stopping.resolve(signal);
    },
    () => process.exit(130),
  );
  view.show([`Starting a lab in ${home.directory}`]);
  const lab = await startLab({
    home: options.home,
    runtime: options.runtime,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.dnsPort === undefined ? {} : { dnsPort: options.dnsPort }),
    ...(options.images === undefined ? {} : { images: options.images }),
  });
  void lab.failed.then((why) => stopping.resolve(why));
  view.end();
  let code = 0;
  try {
    const fitting = manifests.filter((manifest) => fits(manifest, lab.runtime));
    if (!asked) await applyAll(options, fitting);
    const trouble = (what: string): void => report?.({ kind: "trouble", text: what });
    const settled = await untilReady(lab, view, trouble, stopping.promise);
    view.end();
    if (settled === READY) {
      lab.markReady();
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      const leftOut = manifests.filter((manifest) => !fits(manifest, lab.runtime));
      const words = await readyWords(options, lab, seconds, leftOut);
      if (report === undefined)
        process.stdout.write(`${words}\nPress Ctrl-C to stop; \`ordinal stop\` does it from elsewhere.\n`);
      else report({ kind: "ready", text: words });
    }
    const why = await stopping.promise;
    if (!why.startsWith("SIG")) {
      process.stderr.write(`${why}\n`);
      code = 1;
    }
    if (settled !== READY) report?.(code === 0 ? { kind: "stopped" } : { kind: "failed", text: why });
  } catch (error) {
    if (report === undefined || !(error instanceof Error)) throw error;
    report({ kind: "failed", text: error.message });
    code = 1;
  } finally {
    if (report === undefined) process.stdout.write("\nStopping the lab…\n");
    await lab.stop();
  }
  return code;
}

/** Some pods need what only one kind of pod gives: a StatefulSet says so by this annotation. */
const RUNTIME_ANNOTATION = "ordinal/runtime";

function fits({ metadata }: import("../manifests.ts").Manifest, runtime: string): boolean {
  return (metadata.annotations?.[RUNTIME_ANNOTATION] ?? runtime) === runtime;
}

async function applyAll(
  options: StartOptions,
  manifests: readonly import("../manifests.ts").Manifest[],
): Promise<void> {
  if (manifests.length === 0) return;
  const [{ connect }, { discover }, { applyObject }] = await Promise.all([
    import("../api.ts"),
    import("../resources.ts"),
    import("../apply-objects.ts"),
  ]);
  const api = connect(options.home);
  try {
    const resources = await discover(api);
    for (const manifest of manifests) await applyObject(api, resources, manifest, "default");
  } finally {
    api.close();
  }
}

const READY = Symbol("ready");

/**
 * Shows every pod until all are Ready or the lab is to stop. Never rejects; a pod in trouble is shown with its reason, may still recover, and is told to
 * `onTrouble` when it has not after a while.
 */
async function untilReady(
  lab: import("@ordinal/kubernetes").Lab,
  view: import("../live-view.ts").LiveView,
  onTrouble: (what: string) => void,
  stopping: Promise<string>,
): Promise<typeof READY | string> {
  const { progressOf } = await import("../pods.ts");
  const { promise, resolve } = Promise.withResolvers<typeof READY>();
  let synced = 0;
  let timer: NodeJS.Timeout | undefined;
  const pods = new Map<string, Pod>();
  const sets = new Map<string, StatefulSet>();
  const troubledSince = new Map<string, number>();
  const draw = (): void => {
    timer = undefined;
    const progress = progressOf([...pods.values()], [...sets.values()]);
    const width = Math.max(0, ...progress.lines.map((line) => line.name.length));
    const lines = progress.lines.map((line) => {
      const problem = line.problem === undefined ? "" : `  ${line.problem}`;
      return `  ${line.ready ? "●" : "○"} ${line.name.padEnd(width)}  ${(line.ready ? "Ready" : line.status).padEnd(18)}${line.ready ? line.address : ""}${problem}`.trimEnd();
    });
    view.show(lines);
    const now = performance.now();
    for (const { namespace, name, problem } of progress.lines) {
      const key = `${namespace}/${name}`;
      if (problem === undefined) troubledSince.delete(key);
      else if (!troubledSince.has(key)) troubledSince.set(key, now);
      else if (now - (troubledSince.get(key) ?? now) > TROUBLE_MS) onTrouble(`${name} ${problem}`);
    }
    if (synced === 2 && progress.ready >= progress.wanted) resolve(READY);
  };
  const follow = <T>(resource: string, into: Map<string, T>): { stop(): void } =>
    lab.client.watch(resource, {}, (event) => {
      if (event.kind === "SYNCED") synced++;
      else if (event.kind === "DELETED") into.delete(event.object.metadata.uid);
      else into.set(event.object.metadata.uid, event.object as unknown as T);
      timer ??= setTimeout(draw, synced === 2 ? REDRAW_MS / 4 : 0);
    });
  const again = setInterval(draw, TROUBLE_MS / 10);
  const watches = [follow("pods", pods), follow("statefulsets.apps", sets)];
  try {
    return await Promise.race([promise, stopping]);
  } finally {
    for (const watch of watches) watch.stop();
    clearTimeout(timer);
    clearInterval(again);
  }
}

async function readyWords(
  options: StartOptions,
  lab: import("@ordinal/kubernetes").Lab,
  seconds: string,
  leftOut: readonly import("../manifests.ts").Manifest[],
): Promise<string> {
  const [{ guide }, { progressOf }] = await Promise.all([import("../guide.ts"), import("../pods.ts")]);
  const pods = (await lab.client.list("pods")).items as unknown as Pod[];
  const sets = (await lab.client.list("statefulsets.apps")).items as unknown as StatefulSet[];
  const progress = progressOf(pods, sets);
  const byAddress = new Map(progress.lines.map((line) => [line.address, line.name]));
  const pages = lab
    .forwards()
    .filter((one) => one.kind === "pod" && byAddress.has(one.address))
    .map((one) => ({
      pod: byAddress.get(one.address) ?? "",
      url: `http://${one.address}${one.hostPort === 80 ? "" : `:${one.hostPort}`}/`,
    }))
    .filter(({ url }) => !url.endsWith(`:${ZOOKEEPER_PORT}/`))
    .sort((a, b) => a.pod.localeCompare(b.pod, "en", { numeric: true }));
  const ensemble = lab
    .forwards()
    .filter((one) => one.kind === "pod" && one.hostPort === ZOOKEEPER_PORT && byAddress.has(one.address))
    .map((one) => `${one.address}:${one.hostPort}`)
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const named = pods.find((pod) => pod.spec?.subdomain !== undefined && pod.spec.hostname !== undefined);
  const facts = {
    homeDirectory: options.home,
    defaultHome: options.defaultHome,
    kubeconfig: lab.home.kubeconfig,
    dnsPort: lab.dnsPort,
    progress,
    pages,
    ensemble,
    name:
      named === undefined
        ? undefined
        : `${named.spec?.hostname}.${named.spec?.subdomain}.${named.metadata?.namespace}.svc.cluster.local`,
    kubectlFound: (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, "kubectl"))),
    notes: [
      ...lab.notes,
      ...leftOut.map(({ kind, metadata }) => `${kind} ${metadata.name} was left out: it needs pods out of namespaces.`),
    ],
  };
  return `Ready: ${progress.ready} of ${progress.wanted} pods in ${seconds} s.\n${guide(facts)}`;
}
