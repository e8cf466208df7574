import type { LogOptions, PodRef } from "../node.ts";
import type { KubeObject } from "../object.ts";
// Which pod and which container a stream means, in the words of the original's pod strategy.
import { invalid } from "../refusals.ts";
import { badRequest } from "../refusals.ts";

interface Named {
  readonly name: string;
}

interface PodParts {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly Named[];
    readonly initContainers?: readonly Named[];
    readonly ephemeralContainers?: readonly Named[];
  };
}

export function podRef(pod: KubeObject): PodRef {
  return { namespace: pod.metadata.namespace ?? "", name: pod.metadata.name, uid: pod.metadata.uid };
}

export function isScheduled(pod: KubeObject): boolean {
  return ((pod as unknown as PodParts).spec?.nodeName ?? "") !== "";
}

/** Throws 400 for a pod that no node runs. */
export function checkScheduled(pod: KubeObject): void {
  if (!isScheduled(pod)) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
}

/** The container that is asked for, or the only one. Throws 400. */
export function chooseContainer(pod: KubeObject, asked: string): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = (pod as unknown as PodParts).spec ?? {};
  const { name } = pod.metadata;
  if (asked !== "") {
    if ([...containers, ...initContainers, ...ephemeralContainers].some((container) => container.name === asked))
      return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only] = containers;
  if (only !== undefined && containers.length === 1) return only.name;
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${name}`);
  const list = (items: readonly Named[]): string => items.map((container) => container.name).join(" ");
  const init = initContainers.length === 0 ? "" : ` or one of the init containers: [${list(initContainers)}]`;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${list(containers)}]${init}`);
}

export function isSet(query: URLSearchParams, name: string): boolean {
  return ["true", "1"].includes((query.get(name) ?? "").toLowerCase());
}

/** Throws 422 for numbers that make no sense. */
export function logOptions(pod: KubeObject, query: URLSearchParams): LogOptions {
  const sinceTime = query.get("sinceTime") ?? "";
  const tailLines = number(query, "tailLines");
  const sinceSeconds = number(query, "sinceSeconds");
  const limitBytes = number(query, "limitBytes");
  const problems = [
    ...(tailLines !== undefined && tailLines < 0
      ? [atLeast("tailLines", tailLines, "must be greater than or equal to 0")]
      : []),
    ...(limitBytes !== undefined && limitBytes < 1
      ? [atLeast("limitBytes", limitBytes, "must be greater than 0")]
      : []),
    ...(sinceSeconds !== undefined && sinceTime !== ""
      ? [
          {
            kind: "Forbidden" as const,
            path: "",
            detail: "at most one of `sinceTime` or `sinceSeconds` may be specified",
          },
        ]
      : []),
    ...(sinceSeconds !== undefined && sinceSeconds < 1
      ? [atLeast("sinceSeconds", sinceSeconds, "must be greater than 0")]
      : []),
  ];
  if (problems.length > 0) throw invalid({ group: "", kind: "PodLogOptions" }, pod.metadata.name, problems);
  if (sinceTime !== "" && Number.isNaN(Date.parse(sinceTime)))
    throw badRequest(`sinceTime: ${JSON.stringify(sinceTime)} is no RFC 3339 time`);
  return {
    container: chooseContainer(pod, query.get("container") ?? ""),
    follow: isSet(query, "follow"),
    previous: isSet(query, "previous"),
    timestamps: isSet(query, "timestamps"),
    ...(tailLines !== undefined && { tailLines }),
    ...(sinceSeconds !== undefined && { sinceSeconds }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(sinceTime !== "" && { sinceTime }),
  };
}

function atLeast(path: string, value: number, detail: string) {
  return { kind: "Invalid value" as const, path, value, detail };
}

function number(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  if (!/^-?\d{1,15}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
