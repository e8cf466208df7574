import { mkdir, open, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { Image } from "@ordinal/images";
import type { Container, Pod } from "kubernetes-types/core/v1.d.ts";

import type { ContainerConfig, Mount } from "../runtime/pod-runtime.ts";
import { ConfigError, containerArgv, containerEnvironment } from "./environment/environment.ts";
import type { PodContext } from "./pod-context.ts";
import type { PodVolumes } from "./volumes/pod-volumes.ts";
import { podLabel } from "./worker/state.ts";

/** Longest termination message; the original's. */
const MESSAGE_BYTES_MAX = 4096;
/** Of the log, when that is to stand in for the message. */
const LOG_MESSAGE_BYTES_MAX = 2048;
const LOG_MESSAGE_LINES_MAX = 80;

export interface RunFiles {
  readonly log: string;
  readonly terminationMessage: string;
}

/** Where one run's files lie. */
export function runFiles(pod: Pod, container: string, attempt: number, context: PodContext): RunFiles {
  return {
    log: join(podLogs(pod, context), container, `${attempt}.log`),
    terminationMessage: join(context.podsDirectory, pod.metadata?.uid ?? "", "messages", container, `${attempt}`),
  };
}

export function podLogs(pod: Pod, context: PodContext): string {
  return join(context.logsDirectory, `${pod.metadata?.namespace}_${pod.metadata?.name}_${pod.metadata?.uid}`);
}

/** Everything the runtime needs for one run. Rejects with `ConfigError` when something the container refers to is missing. */
export async function containerConfig(
  pod: Pod,
  container: Container,
  attempt: number,
  image: Image,
  address: string,
  volumes: PodVolumes,
  context: PodContext,
): Promise<ContainerConfig> {
  const facts = { nodeName: pod.spec?.nodeName ?? "", hostIP: context.hostIP, podIP: address };
  const environment = containerEnvironment(pod, container, image.env, {
    source: context.objects,
    facts,
    allocatable: context.allocatable,
  });
  const argv = containerArgv(container, image, environment);
  if (argv.length === 0 || argv[0] === "") throw new Error("no command specified");
  const security = { ...pod.spec?.securityContext, ...definedOnly(container.securityContext ?? {}) };
  const user = security.runAsUser ?? (image.user === 0 ? undefined : image.user);
  if (security.runAsNonRoot === true && (user ?? 0) === 0) {
    const label = podLabel(pod);
    throw new ConfigError(
      security.runAsUser === 0
        ? `container's runAsUser breaks non-root policy (pod: "${label}", container: ${container.name})`
        : `container has runAsNonRoot and image will run as root (pod: "${label}", container: ${container.name})`,
    );
  }
  const files = runFiles(pod, container.name, attempt, context);
  await mkdir(dirname(files.terminationMessage), { recursive: true });
  await writeFile(files.terminationMessage, "", { mode: 0o666 });
  const message: Mount = {
    source: files.terminationMessage,
    target: container.terminationMessagePath ?? "/dev/termination-log",
    readOnly: false,
  };
  return {
    name: container.name,
    attempt,
    image,
    argv,
    env: [...environment],
    workingDirectory:
      container.workingDir === undefined || container.workingDir === "" ? image.workingDirectory : container.workingDir,
    mounts: [...(await volumes.mounts(container, environment)), message],
    runAsUser: user,
    runAsGroup: security.runAsGroup,
    fsGroup: pod.spec?.securityContext?.fsGroup,
    readOnlyRootFilesystem: container.securityContext?.readOnlyRootFilesystem ?? false,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    logPath: files.log,
  };
}

function definedOnly<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

/** What an ended run left to say: its message file, or with FallbackToLogsOnError the end of its log. */
export async function terminationMessage(container: Container, files: RunFiles, exitCode: number): Promise<string> {
  const message = await tail(files.terminationMessage, MESSAGE_BYTES_MAX, "head");
  if (message !== "" || container.terminationMessagePolicy !== "FallbackToLogsOnError" || exitCode === 0)
    return message;
  const log = await tail(files.log, LOG_MESSAGE_BYTES_MAX * 4, "tail");
  const lines = log.split("\n").map((line) => /^\S+ std(?:out|err) ([FP]) (.*)$/s.exec(line));
  const text = lines.map((line) => (line === null ? "" : `${line[2]}${line[1] === "F" ? "\n" : ""}`)).join("");
  return text
    .split("\n")
    .slice(-LOG_MESSAGE_LINES_MAX - 1)
    .join("\n")
    .slice(-LOG_MESSAGE_BYTES_MAX);
}

async function tail(path: string, bytes: number, end: "head" | "tail"): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const length = Math.min(size, bytes);
      const buffer = Buffer.alloc(length);
      await file.read(buffer, 0, length, end === "head" ? 0 : size - length);
      return buffer.toString();
    } finally {
      await file.close();
    }
  } catch {
    return "";
  }
}
