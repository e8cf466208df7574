/**
 * What the files of a configMap, secret, downwardAPI or projected volume hold, as kubernetes `pkg/volume/{configmap,secret,downwardapi,projected}` collect them.
 */
import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  ServiceAccountTokenProjection,
  Volume,
} from "kubernetes-types/core/v1.d.ts";

import { fieldValue, type NodeFacts } from "../environment/field-ref.ts";
import { type NodeAllocatable, resourceValue } from "../environment/resource-ref.ts";

export interface VolumeFile {
  readonly content: Buffer;
  /** e.g. 0o644 */
  readonly mode: number;
}

export interface ContentContext {
  readonly source: {
    configMap(namespace: string, name: string): ConfigMap | undefined;
    secret(namespace: string, name: string): Secret | undefined;
  };
  readonly facts: NodeFacts;
  readonly allocatable: NodeAllocatable;
  /** Undefined: this lab gives no tokens out, and a volume that asks for one has no such file. */
  token(projection: ServiceAccountTokenProjection): string | undefined;
}

const MODE_DEFAULT = 0o644;

/** Files by relative path; undefined when the volume is of another kind. Throws an Error in the original's words when something is missing. */
export function volumeContent(pod: Pod, volume: Volume, context: ContentContext): Map<string, VolumeFile> | undefined {
  const namespace = pod.metadata?.namespace ?? "default";
  if (volume.configMap !== undefined) {
    const { name = "", items, optional, defaultMode } = volume.configMap;
    return configMapFiles(context, namespace, { name, items, optional }, defaultMode);
  }
  if (volume.secret !== undefined) {
    const { secretName = "", items, optional, defaultMode } = volume.secret;
    return secretFiles(context, namespace, { name: secretName, items, optional }, defaultMode);
  }
  if (volume.downwardAPI !== undefined)
    return downwardFiles(pod, volume.downwardAPI.items, volume.downwardAPI.defaultMode, context);
  if (volume.projected === undefined) return undefined;
  const { defaultMode, sources } = volume.projected;
  const files = new Map<string, VolumeFile>();
  for (const { configMap, secret, downwardAPI, serviceAccountToken } of sources ?? []) {
    const parts = [
      configMap === undefined
        ? undefined
        : configMapFiles(
            context,
            namespace,
            { name: configMap.name ?? "", items: configMap.items, optional: configMap.optional },
            defaultMode,
          ),
      secret === undefined
        ? undefined
        : secretFiles(
            context,
            namespace,
            { name: secret.name ?? "", items: secret.items, optional: secret.optional },
            defaultMode,
          ),
      downwardAPI === undefined ? undefined : downwardFiles(pod, downwardAPI.items, defaultMode, context),
    ];
    for (const part of parts) for (const [path, file] of part ?? []) files.set(path, file);
    const token = serviceAccountToken === undefined ? undefined : context.token(serviceAccountToken);
    if (serviceAccountToken !== undefined && token !== undefined)
      files.set(serviceAccountToken.path, { content: Buffer.from(token), mode: 0o600 });
  }
  return files;
}

interface Selection {
  readonly name: string;
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean | undefined;
}

function configMapFiles(
  context: ContentContext,
  namespace: string,
  selection: Selection,
  defaultMode: number | undefined,
): Map<string, VolumeFile> {
  const map = context.source.configMap(namespace, selection.name);
  if (map === undefined && selection.optional !== true) throw new Error(`configmap "${selection.name}" not found`);
  const values = new Map(Object.entries(map?.data ?? {}).map(([key, value]) => [key, Buffer.from(value)]));
  for (const [key, value] of Object.entries(map?.binaryData ?? {})) values.set(key, Buffer.from(value, "base64"));
  return select(values, selection, defaultMode, "configmap");
}

function secretFiles(
  context: ContentContext,
  namespace: string,
  selection: Selection,
  defaultMode: number | undefined,
): Map<string, VolumeFile> {
  const secret = context.source.secret(namespace, selection.name);
  if (secret === undefined && selection.optional !== true) throw new Error(`secret "${selection.name}" not found`);
  const values = new Map(Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64")]));
  return select(values, selection, defaultMode, "secret");
}

function select(
  values: ReadonlyMap<string, Buffer>,
  selection: Selection,
  defaultMode: number | undefined,
  what: string,
): Map<string, VolumeFile> {
  const mode = defaultMode ?? MODE_DEFAULT;
  const { items } = selection;
  if (items === undefined || items.length === 0)
    return new Map([...values].map(([key, content]) => [key, { content, mode }]));
  const files = new Map<string, VolumeFile>();
  for (const item of items) {
    const content = values.get(item.key);
    if (content === undefined) {
      if (selection.optional === true) continue;
      throw new Error(
        what === "secret"
          ? `references non-existent secret key: ${item.key}`
          : `${what} references non-existent config key: ${item.key}`,
      );
    }
    files.set(item.path, { content, mode: item.mode ?? mode });
  }
  return files;
}

function downwardFiles(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[] | undefined,
  defaultMode: number | undefined,
  context: ContentContext,
): Map<string, VolumeFile> {
  const files = new Map<string, VolumeFile>();
  for (const { path, fieldRef, resourceFieldRef, mode } of items ?? []) {
    let text = "";
    if (fieldRef !== undefined) text = fieldValue(pod, fieldRef.fieldPath, context.facts);
    const container = pod.spec?.containers.find(({ name }) => name === resourceFieldRef?.containerName);
    if (resourceFieldRef !== undefined && container !== undefined)
      text = resourceValue(container, resourceFieldRef, context.allocatable);
    files.set(path, { content: Buffer.from(text), mode: mode ?? defaultMode ?? MODE_DEFAULT });
  }
  return files;
}
