import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { type Image, InvalidReferenceError } from "@ordinal/images";
import type { Timer } from "@ordinal/io";
import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";

import { isStatus } from "../api/status-error.ts";
import type { PodSandbox, RunningContainer } from "../runtime/pod-runtime.ts";
import { containerConfig, podLogs, runFiles, terminationMessage } from "./container-config.ts";
import { ConfigError } from "./environment/environment.ts";
import { hostsFile } from "./network/hosts-file.ts";
import { podNames } from "./network/pod-names.ts";
import { resolvFile } from "./network/resolv-file.ts";
import type { PodContext } from "./pod-context.ts";
import { runHook } from "./probes/run-hook.ts";
import { runProbe } from "./probes/run-probe.ts";
import { StatusWriter } from "./status-writer.ts";
import { PodVolumes, VolumeError } from "./volumes/pod-volumes.ts";
import type { ContainerRecord } from "./worker/container.ts";
import type { Input, Output, StartFailure } from "./worker/messages.ts";
import { podLabel, type PodWorker } from "./worker/state.ts";
import { newWorker, nextDeadline, step } from "./worker/worker.ts";

const RETRY_MS = 1000;

/** Does what one pod's worker decides, and tells it what came of it. */
export class PodShell {
  readonly #context: PodContext;
  readonly #worker: PodWorker;
  readonly #writer: StatusWriter;
  readonly #volumes: PodVolumes;
  readonly #images = new Map<string, Image>();
  readonly #running = new Map<string, RunningContainer>();
  readonly #inputs: Input[] = [];
  readonly #onOver: () => void;
  #address: string | undefined;
  #sandbox: PodSandbox | undefined;
  #timer: Timer | undefined;
  #stepping = false;
  #steppedAt = 0;
  #stopped = false;

  /** Call `begin` then. `onOver` is called once nothing of the pod is left, here and in the API. `hostFile` is the machine's resolv.conf. */
  constructor(pod: Pod, context: PodContext, hostFile: string, onOver: () => void) {
    this.#context = context;
    this.#onOver = onOver;
    this.hostFile = hostFile;
    this.#worker = newWorker(pod, context.hostIP, context.clock.now());
    this.#writer = new StatusWriter(context.client, context.clock, context.log, pod);
    const { podIP } = pod.status ?? {};
    // A pod that comes back after a restart of the lab keeps its address where it can: others may still hold it.
    if (podIP !== undefined && context.addresses.reserve(podIP)) this.#address = podIP;
    this.#volumes = new PodVolumes({
      source: context.objects,
      facts: { nodeName: pod.spec?.nodeName ?? "", hostIP: context.hostIP, podIP: this.#address ?? "" },
      allocatable: context.allocatable,
      token: (projection) => context.token(this.#namespace, pod.spec?.serviceAccountName ?? "default", projection),
      directory: this.directory,
      now: () => context.clock.now(),
    });
  }

  readonly hostFile: string;

  get pod(): Pod {
    return this.#worker.pod;
  }

  get sandbox(): PodSandbox | undefined {
    return this.#sandbox;
  }

  get directory(): string {
    return join(this.#context.podsDirectory, this.#worker.pod.metadata?.uid ?? "");
  }

  get #namespace(): string {
    return this.#worker.pod.metadata?.namespace ?? "default";
  }

  container(name: string): ContainerRecord | undefined {
    return this.#worker.byName.get(name);
  }

  running(name: string): RunningContainer | undefined {
    return this.#running.get(name);
  }

  begin(): void {
    this.feed({ kind: "tick" });
  }

  /** The object changed. */
  update(pod: Pod): void {
    const shown = ownWords(this.#worker.pod);
    this.#writer.observe(pod);
    this.feed({ kind: "pod", pod });
    if (ownWords(pod) !== shown) this.#run(this.#refreshVolumes());
  }

  removed(): void {
    this.#writer.objectGone();
    this.feed({ kind: "removed" });
  }

  /** Something a pod may refer to changed: volumes are refreshed, what waited for it is tried again. */
  async configChanged(): Promise<void> {
    this.feed({ kind: "configChanged" });
    await this.#refreshVolumes();
  }

  async #refreshVolumes(): Promise<void> {
    if (this.#sandbox !== undefined) await this.#volumes.refresh(this.#worker.pod);
  }

  /** Takes no further input: the kubelet is ending. The runtime ends the processes. */
  halt(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Sends every container its stop signal. Resolves when they have ended. */
  async askToEnd(): Promise<void> {
    await Promise.all(
      [...this.#running].map(([name, container]) => {
        container.kill(this.#worker.byName.get(name)?.stopSignal ?? "SIGTERM");
        return container.exited;
      }),
    );
  }

  feed(input: Input): void {
    this.#inputs.push(input);
    if (this.#stepping || this.#stopped) return;
    this.#stepping = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        this.#steppedAt = this.#context.clock.now();
        for (const output of step(this.#worker, next, this.#steppedAt)) this.#perform(output);
      }
    } finally {
      this.#stepping = false;
    }
    this.#setTimer();
  }

  #setTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    // Asked as of the last step and not as of now: what fell due between the two has not been acted on.
    const deadline = nextDeadline(this.#worker, this.#steppedAt);
    if (deadline === Infinity || this.#stopped) return;
    const delayMs = Math.max(0, deadline - this.#context.clock.now());
    // Node's timers hold 31 bits of milliseconds; an early tick does no harm.
    this.#timer = this.#context.clock.setTimer(Math.min(delayMs, 2 ** 31 - 1), () => this.feed({ kind: "tick" }));
  }

  #perform(output: Output): void {
    switch (output.kind) {
      case "createSandbox":
        return this.#run(this.#createSandbox());
      case "stopSandbox":
        return this.#run(this.#stopSandbox());
      case "findImage":
        return this.#findImage(output.container, output.image);
      case "start":
        return this.#run(this.#start(output.container, output.attempt));
      case "signal":
        this.#running.get(output.container)?.kill(output.signal);
        return;
      case "runHook":
        return this.#run(this.#runHook(output));
      case "runProbe":
        return this.#run(this.#runProbe(output));
      case "event":
        return this.#event(output);
      case "status":
        this.#writer.write(output.status);
        return;
      case "finished":
        return this.#run(this.#finish(output.removeObject));
    }
  }

  /** Actions answer with inputs and do not reject; one that does is our own bug and is told as such. */
  #run(action: Promise<void>): void {
    action.catch((error: unknown) =>
      this.#context.log.error("pod-action-failed", {
        pod: podLabel(this.#worker.pod),
        error: String(error instanceof Error ? error.stack : error),
      }),
    );
  }

  async #createSandbox(): Promise<void> {
    const { pod } = this.#worker;
    const { runtime, addresses, clusterDomain, clusterDNS } = this.#context;
    try {
      if (pod.spec?.hostNetwork === true)
        throw new Error("host network is not available to pods of a lab: each has an address of its own");
      await mkdir(this.directory, { recursive: true });
      // Volumes are nearly always there: the first try makes them beside the sandbox, later ones before it.
      const volumes = this.#volumes.setUp(pod);
      volumes.catch(() => {});
      if (this.#worker.sandboxFailures > 0) await volumes;
      this.#address ??= addresses.take();
      const { hostname, fqdn, short } = podNames(pod, clusterDomain);
      const sandbox = await runtime.createSandbox({
        uid: pod.metadata?.uid ?? "",
        namespace: this.#namespace,
        name: pod.metadata?.name ?? "",
        hostname,
        fqdn,
        address: this.#address,
        hostsFile: hostsFile(this.#address, short, fqdn, pod.spec?.hostAliases ?? []),
        resolvFile: resolvFile(pod, { clusterDomain, clusterDNS, hostFile: this.hostFile }),
        directory: this.directory,
        nodeName: pod.spec?.nodeName ?? "",
      });
      try {
        await volumes;
      } catch (error) {
        await sandbox.stop();
        throw error;
      }
      this.#sandbox = sandbox;
      this.feed({ kind: "sandboxReady", address: sandbox.address });
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (error instanceof VolumeError) this.feed({ kind: "sandboxFailed", reason: "FailedMount", message: words });
      else
        this.feed({
          kind: "sandboxFailed",
          reason: "FailedCreatePodSandBox",
          message: `Failed to create pod sandbox: ${words}`,
        });
    }
  }

  async #stopSandbox(): Promise<void> {
    try {
      await this.#sandbox?.stop();
    } catch (error) {
      this.#context.log.error("sandbox-not-stopped", { pod: podLabel(this.#worker.pod), error: String(error) });
      this.#context.clock.setTimer(RETRY_MS, () => this.#run(this.#stopSandbox()));
      return;
    }
    this.#sandbox = undefined;
    this.feed({ kind: "sandboxStopped" });
  }

  #findImage(container: string, reference: string): void {
    const { images, presentImages, clock } = this.#context;
    const begun = clock.monotonic();
    let image: Image | undefined;
    try {
      image = images.resolve(reference);
    } catch (error) {
      const reason = error instanceof InvalidReferenceError ? "InvalidImageName" : "ErrImagePull";
      this.feed({
        kind: "imageMissing",
        container,
        reason,
        message: error instanceof Error ? error.message : String(error),
      });
      return;
    }
    if (image === undefined) {
      this.feed({ kind: "imageMissing", container, reason: "ErrImagePull", message: images.unknownMessage(reference) });
      return;
    }
    this.#images.set(container, image);
    const key = `${this.#worker.pod.spec?.nodeName}/${reference}`;
    const present = presentImages.has(key) || this.#spec(container)?.imagePullPolicy === "Never";
    presentImages.add(key);
    const sizeBytes = image.files.reduce(
      (sum, { content }) => sum + (typeof content === "string" ? Buffer.byteLength(content) : 0),
      0,
    );
    this.feed({
      kind: "imageFound",
      container,
      present,
      pullMs: clock.monotonic() - begun,
      imageId: imageId(reference, image),
      sizeBytes,
      stopSignal: image.stopSignal,
    });
  }

  #spec(name: string): Container | undefined {
    return this.#worker.byName.get(name)?.spec;
  }

  async #start(name: string, attempt: number): Promise<void> {
    const { pod } = this.#worker;
    const spec = this.#spec(name);
    const image = this.#images.get(name);
    const sandbox = this.#sandbox;
    if (spec === undefined || image === undefined || sandbox === undefined) return;
    const refuse = (reason: StartFailure, error: unknown) =>
      this.feed({
        kind: "startFailed",
        container: name,
        attempt,
        reason,
        message: error instanceof Error ? error.message : String(error),
      });
    let config;
    try {
      config = await containerConfig(pod, spec, attempt, image, sandbox.address, this.#volumes, this.#context);
    } catch (error) {
      return refuse(error instanceof ConfigError ? "CreateContainerConfigError" : "CreateContainerError", error);
    }
    let container: RunningContainer;
    try {
      container = await sandbox.startContainer(config);
    } catch (error) {
      return refuse("RunContainerError", error);
    }
    this.#running.set(name, container);
    this.feed({ kind: "started", container: name, attempt, id: container.id, startedAt: container.startedAt });
    const exit = await container.exited;
    if (this.#running.get(name) === container) this.#running.delete(name);
    const files = runFiles(pod, name, attempt, this.#context);
    const message = await terminationMessage(spec, files, exit.exitCode);
    this.feed({
      kind: "exited",
      container: name,
      attempt,
      exitCode: exit.exitCode,
      ...(exit.signal === undefined ? {} : { signal: exit.signal }),
      message,
    });
    // The present run's log and the previous one's are kept.
    if (attempt >= 1) await rm(runFiles(pod, name, attempt - 1, this.#context).terminationMessage, { force: true });
    if (attempt >= 2) await removeLog(runFiles(pod, name, attempt - 2, this.#context).log);
  }

  async #runHook(output: Extract<Output, { kind: "runHook" }>): Promise<void> {
    const { container: name, attempt, hook } = output;
    const container = this.#running.get(name);
    const spec = this.#spec(name);
    if (container === undefined || spec === undefined) return;
    const error = await runHook(
      output.handler,
      spec,
      podLabel(this.#worker.pod),
      container,
      { address: this.#sandbox?.address ?? "", podPort: this.#context.podPort },
      this.#context.clock,
    );
    this.feed({ kind: "hookDone", hook, container: name, attempt, ...(error === undefined ? {} : { error }) });
  }

  async #runProbe(output: Extract<Output, { kind: "runProbe" }>): Promise<void> {
    const { container: name, attempt, probe } = output;
    const container = this.#running.get(name);
    const spec = this.#spec(name);
    if (container === undefined || spec === undefined) return;
    const outcome = await runProbe(output.handler, spec, container, {
      address: this.#sandbox?.address ?? "",
      podPort: this.#context.podPort,
    });
    this.feed({ kind: "probed", probe, container: name, attempt, outcome });
  }

  #event(output: Extract<Output, { kind: "event" }>): void {
    const { metadata, spec } = this.#worker.pod;
    const container = output.container === undefined ? undefined : this.#worker.byName.get(output.container);
    const path =
      container === undefined
        ? undefined
        : `spec.${container.role === "main" ? "containers" : "initContainers"}{${output.container}}`;
    this.#context.events.record(
      {
        kind: "Pod",
        namespace: this.#namespace,
        name: metadata?.name ?? "",
        uid: metadata?.uid ?? "",
        ...(metadata?.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
        ...(path === undefined ? {} : { fieldPath: path }),
        host: spec?.nodeName ?? "",
      },
      output.type,
      output.reason,
      output.message,
    );
  }

  /** The last status is written before the object goes, so that a watcher sees how the pod ended. */
  async #finish(removeObject: boolean): Promise<void> {
    const { pod } = this.#worker;
    const { client, addresses, log } = this.#context;
    const { uid, name } = pod.metadata ?? {};
    await this.#writer.settled();
    while (removeObject && !this.#stopped && uid !== undefined) {
      try {
        await client.delete("pods", this.#namespace, name ?? "", { gracePeriodSeconds: 0, preconditions: { uid } });
        break;
      } catch (error) {
        if (isStatus(error, "NotFound") || isStatus(error, "Conflict")) break;
        log.warn("pod-not-removed", { pod: podLabel(pod), error: String(error) });
        await new Promise<void>((resolve) => this.#context.clock.setTimer(RETRY_MS, resolve));
      }
    }
    if (this.#stopped) return;
    this.#timer?.cancel();
    try {
      await rm(this.directory, { recursive: true, force: true });
      await rm(podLogs(pod, this.#context), { recursive: true, force: true });
    } catch (error) {
      log.warn("pod-files-not-removed", { pod: podLabel(pod), error: String(error) });
    }
    if (this.#address !== undefined) addresses.release(this.#address);
    this.#onOver();
  }
}

/** What of a pod's own object may change under its downwardAPI volumes. */
function ownWords({ metadata }: Pod): string {
  return JSON.stringify([metadata?.labels, metadata?.annotations]);
}

/** `repository@digest`, as a runtime names what it pulled. */
function imageId(reference: string, image: Image): string {
  const repository = reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  return `${repository}@${image.digest}`;
}

async function removeLog(path: string): Promise<void> {
  await Promise.all(["", ".1", ".2", ".3", ".4"].map((suffix) => rm(`${path}${suffix}`, { force: true })));
}
