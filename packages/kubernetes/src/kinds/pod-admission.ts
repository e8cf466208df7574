import type { Pod, PodSpec, ServiceAccount, Toleration, Volume } from "kubernetes-types/core/v1.d.ts";

import { StatusError } from "../api/status-error.ts";
import type { StrategyContext } from "./kind.ts";

// What the original's admission plugins do to a new pod: ServiceAccount, DefaultTolerationSeconds and Priority.

const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_VOLUME = "kube-api-access-";
const TOKEN_SECONDS = 3607;
const TOLERATION_SECONDS = 300;
const UNREACHABLE_KEYS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] as const;
const SYSTEM_PRIORITIES: ReadonlyMap<string, number> = new Map([
  ["system-node-critical", 2_000_001_000],
  ["system-cluster-critical", 2_000_000_000],
]);

/** Changes `pod` in place. Throws `StatusError` (403) for a service account or priority class that does not exist. */
export function admitPod(pod: Pod, context: StrategyContext): void {
  const { spec } = pod;
  if (spec === undefined) return;
  setServiceAccount(pod, spec, context);
  for (const key of UNREACHABLE_KEYS) tolerateUnreachable(spec, key);
  setPriority(pod, spec);
}

function setServiceAccount(pod: Pod, spec: PodSpec, context: StrategyContext): void {
  const name = spec.serviceAccountName ?? "default";
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
  const namespace = pod.metadata?.namespace ?? "";
  const account = context.lookup("serviceaccounts", namespace, name) as ServiceAccount | undefined;
  if (account === undefined) {
    // A new namespace's `default` account is made by a controller, a moment later; pods need not wait for it here.
    if (name === "default") return;
    throw forbidden(pod, `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`);
  }
  if (spec.imagePullSecrets === undefined && account.imagePullSecrets !== undefined) {
    spec.imagePullSecrets = structuredClone(account.imagePullSecrets);
  }
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod, spec, context);
}

function mountToken(pod: Pod, spec: PodSpec, context: StrategyContext): void {
  const present = (spec.volumes ?? []).find((volume) => volume.name.startsWith(TOKEN_VOLUME));
  const name = present?.name ?? TOKEN_VOLUME + suffix(`${pod.metadata?.uid}/${pod.metadata?.name}/${context.now}`);
  let mounted = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (container.volumeMounts?.some((mount) => mount.mountPath === TOKEN_PATH)) continue;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: TOKEN_PATH }];
    mounted = true;
  }
  if (mounted && present === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
      defaultMode: 0o644,
    },
  };
}

const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** Five characters that depend on all of `seed` (FNV-1a): names must differ between pods, nobody needs to guess them. */
function suffix(seed: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(seed)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  let result = "";
  for (let rest = hash; result.length < 5; rest = Math.floor(rest / SUFFIX_ALPHABET.length)) {
    result += SUFFIX_ALPHABET.charAt(rest % SUFFIX_ALPHABET.length);
  }
  return result;
}

/** A node that is lost keeps its pods for five minutes, unless they say otherwise. */
function tolerateUnreachable(spec: PodSpec, key: string): void {
  const tolerates = ({ key: own = "", effect = "", operator }: Toleration) =>
    (own === key || (own === "" && operator === "Exists")) && (effect === "NoExecute" || effect === "");
  if (spec.tolerations?.some(tolerates)) return;
  const added: Toleration = { key, operator: "Exists", effect: "NoExecute", tolerationSeconds: TOLERATION_SECONDS };
  spec.tolerations = [...(spec.tolerations ?? []), added];
}

function setPriority(pod: Pod, spec: PodSpec): void {
  const { priorityClassName } = spec;
  const priority = priorityClassName === undefined ? 0 : SYSTEM_PRIORITIES.get(priorityClassName);
  if (priority === undefined) throw forbidden(pod, `no PriorityClass with name ${priorityClassName} was found`);
  const preemptionPolicy = "PreemptLowerPriority";
  if (spec.priority !== undefined && spec.priority !== priority) {
    throw forbidden(
      pod,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
    throw forbidden(
      pod,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`,
    );
  }
  spec.priority = priority;
  spec.preemptionPolicy = preemptionPolicy;
}

function forbidden(pod: Pod, reason: string): StatusError {
  const name = pod.metadata?.name ?? "";
  return new StatusError(403, "Forbidden", `pods "${name}" is forbidden: ${reason}`, { name, kind: "pods" });
}
