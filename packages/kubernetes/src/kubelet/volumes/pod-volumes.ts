import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { isAbsolute, join, normalize, sep } from "node:path";

import type { Container, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from "kubernetes-types/core/v1.d.ts";

import { pathInside } from "../../runtime/path-inside.ts";
import type { Mount } from "../../runtime/pod-runtime.ts";
import { ConfigError } from "../environment/environment.ts";
import { expand } from "../environment/expansion.ts";
import { writeAtomically } from "./atomic-folder.ts";
import { type ContentContext, volumeContent } from "./content.ts";

export interface VolumeContext extends Omit<ContentContext, "source"> {
  readonly source: ContentContext["source"] & {
    claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
    volume(name: string): PersistentVolume | undefined;
  };
  /** The pod's folder under the lab's home. */
  readonly directory: string;
  now(): number;
}

interface Ready {
  readonly source: string;
  readonly readOnly: boolean;
}

/** A volume cannot be set up (yet): the `FailedMount` event's words. */
export class VolumeError extends Error {
  constructor(volume: string, message: string) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${message}`);
    this.name = "VolumeError";
  }
}

/** The volumes of one pod as folders of the machine. */
export class PodVolumes {
  readonly #context: VolumeContext;
  readonly #ready = new Map<string, Ready>();

  constructor(context: VolumeContext) {
    this.#context = context;
  }

  /** Sets every volume up. Rejects with `VolumeError` for the first that cannot be. */
  async setUp(pod: Pod): Promise<void> {
    for (const volume of pod.spec?.volumes ?? []) {
      try {
        this.#ready.set(volume.name, await this.#setUpOne(pod, volume));
      } catch (error) {
        throw new VolumeError(volume.name, error instanceof Error ? error.message : String(error));
      }
    }
    await this.#giveToGroup(pod);
  }

  /** Writes changed content of configMap, secret, downwardAPI and projected volumes; what is missing now keeps its last content. */
  async refresh(pod: Pod): Promise<void> {
    for (const volume of pod.spec?.volumes ?? []) {
      const ready = this.#ready.get(volume.name);
      if (ready === undefined) continue;
      try {
        const files = volumeContent(pod, volume, this.#context);
        if (files !== undefined) await writeAtomically(ready.source, files, this.#context.now());
      } catch {
        continue;
      }
    }
  }

  /** What a container sees of them. Rejects with `ConfigError`. `environment` fills subPathExpr. */
  async mounts(container: Container, environment: ReadonlyMap<string, string>): Promise<Mount[]> {
    const mounts: Mount[] = [];
    for (const mount of container.volumeMounts ?? []) {
      const ready = this.#ready.get(mount.name);
      if (ready === undefined)
        throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
      const expression = mount.subPathExpr;
      const subPath =
        expression === undefined || expression === ""
          ? (mount.subPath ?? "")
          : expand(expression, (name) => environment.get(name));
      const source = subPath === "" ? ready.source : await subPathOf(ready.source, subPath, mount.name, container.name);
      mounts.push({
        source,
        target: normalize(isAbsolute(mount.mountPath) ? mount.mountPath : `/${mount.mountPath}`),
        readOnly: ready.readOnly || mount.readOnly === true,
      });
    }
    return mounts;
  }

  async #setUpOne(pod: Pod, volume: Volume): Promise<Ready> {
    const { directory } = this.#context;
    const content = volumeContent(pod, volume, this.#context);
    if (content !== undefined) {
      const kind =
        volume.configMap !== undefined
          ? "configmap"
          : volume.secret !== undefined
            ? "secret"
            : volume.downwardAPI !== undefined
              ? "downward-api"
              : "projected";
      const source = join(directory, "volumes", `kubernetes.io~${kind}`, volume.name);
      await writeAtomically(source, content, this.#context.now());
      return { source, readOnly: true };
    }
    if (volume.emptyDir !== undefined) {
      const source = join(directory, "volumes", "kubernetes.io~empty-dir", volume.name);
      await mkdir(source, { recursive: true });
      await chmod(source, 0o777);
      return { source, readOnly: false };
    }
    if (volume.hostPath !== undefined) {
      await checkHostPath(volume.hostPath.path, volume.hostPath.type ?? "");
      return { source: volume.hostPath.path, readOnly: false };
    }
    if (volume.persistentVolumeClaim !== undefined) {
      const { claimName, readOnly = false } = volume.persistentVolumeClaim;
      return this.#claimed(pod, claimName, readOnly);
    }
    const kind = Object.keys(volume).find((key) => key !== "name") ?? "unknown";
    throw new Error(
      `volumes of type ${kind} are not available in this lab; it has configMap, secret, downwardAPI, projected, emptyDir, hostPath and persistentVolumeClaim`,
    );
  }

  async #claimed(pod: Pod, claimName: string, readOnly: boolean): Promise<Ready> {
    const namespace = pod.metadata?.namespace ?? "default";
    const claim = this.#context.source.claim(namespace, claimName);
    if (claim === undefined) throw new Error(`persistentvolumeclaim "${claimName}" not found`);
    const volumeName = claim.spec?.volumeName;
    if (volumeName === undefined || claim.status?.phase !== "Bound") throw new Error(`PVC is not bound`);
    const volume = this.#context.source.volume(volumeName);
    if (volume === undefined) throw new Error(`persistentvolume "${volumeName}" not found`);
    const path = volume.spec?.hostPath?.path ?? volume.spec?.local?.path;
    if (path === undefined)
      throw new Error(`PersistentVolume ${volumeName}: only hostPath and local volumes are available in this lab`);
    if (volume.spec?.hostPath !== undefined)
      await checkHostPath(path, volume.spec.hostPath.type ?? "DirectoryOrCreate");
    else await stat(path);
    return { source: path, readOnly };
  }

  /** All ids of a pod are one user of the machine, so the group itself is given already; what it may do is in the mode bits. */
  async #giveToGroup(pod: Pod): Promise<void> {
    const security = pod.spec?.securityContext;
    if (security?.fsGroup === undefined) return;
    for (const volume of pod.spec?.volumes ?? []) {
      const ready = this.#ready.get(volume.name);
      if (ready === undefined || (volume.persistentVolumeClaim === undefined && volume.emptyDir === undefined))
        continue;
      const top = await stat(ready.source);
      if (security.fsGroupChangePolicy === "OnRootMismatch" && (top.mode & 0o2070) === 0o2070) continue;
      await chmod(ready.source, (top.mode & 0o7777) | 0o2070);
      for (const entry of await readdir(ready.source, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (!entry.isFile() && !entry.isDirectory()) continue;
        const { mode } = await stat(path);
        await chmod(path, (mode & 0o7777) | (entry.isDirectory() ? 0o2070 : 0o060));
      }
    }
  }
}

async function checkHostPath(path: string, type: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (type === "DirectoryOrCreate") {
    if (found === undefined) await mkdir(path, { recursive: true, mode: 0o755 });
    else if (!found.isDirectory()) throw new Error(`hostPath type check failed: ${path} is not a directory`);
    return;
  }
  if (type === "FileOrCreate") {
    if (found === undefined) await writeFile(path, "", { mode: 0o644 });
    else if (!found.isFile()) throw new Error(`hostPath type check failed: ${path} is not a file`);
    return;
  }
  if (type === "Directory" && found?.isDirectory() !== true)
    throw new Error(`hostPath type check failed: ${path} is not a directory`);
  if (type === "File" && found?.isFile() !== true) throw new Error(`hostPath type check failed: ${path} is not a file`);
  if (type === "Socket" && found?.isSocket() !== true)
    throw new Error(`hostPath type check failed: ${path} is not a socket file`);
  if (type === "CharDevice" && found?.isCharacterDevice() !== true)
    throw new Error(`hostPath type check failed: ${path} is not a character device`);
  if (type === "BlockDevice" && found?.isBlockDevice() !== true)
    throw new Error(`hostPath type check failed: ${path} is not a block device`);
  // Without a type a container engine makes the missing folder.
  if (type === "" && found === undefined) await mkdir(path, { recursive: true, mode: 0o755 });
}

/** A path inside the volume, made when missing, and refused when a link leads out of the volume. */
async function subPathOf(source: string, subPath: string, volume: string, container: string): Promise<string> {
  const refuse = () =>
    new ConfigError(`failed to prepare subPath for volumeMount "${volume}" of container "${container}"`);
  const clean = normalize(subPath);
  if (isAbsolute(clean) || clean === ".." || clean.startsWith(`..${sep}`)) throw refuse();
  const real = pathInside(source, join(source, clean).replace(/\/$/, ""));
  if (real === undefined) throw refuse();
  const found = await stat(real).catch(() => undefined);
  if (found === undefined) await mkdir(real, { recursive: true, mode: 0o750 }).catch(() => Promise.reject(refuse()));
  return real;
}
