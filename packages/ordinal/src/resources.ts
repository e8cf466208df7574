import type { Api } from "./api.ts";
import { CommandError } from "./usage.ts";

export interface ResourceInfo {
  /** Path up to the namespace: `/api/v1` or `/apis/apps/v1`. */
  readonly base: string;
  readonly groupVersion: string;
  readonly group: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly names: readonly string[];
  readonly categories: readonly string[];
}

interface ApiResourceList {
  readonly resources?: readonly {
    readonly name: string;
    readonly singularName?: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly shortNames?: readonly string[];
    readonly categories?: readonly string[];
  }[];
}

/** What the server serves, from its discovery documents. */
export async function discover(api: Api): Promise<ResourceInfo[]> {
  const groups = (await api.json("/apis"))["groups"] as { versions: { groupVersion: string }[] }[];
  const bases = [
    "/api/v1",
    ...groups.flatMap((group) => group.versions.map((version) => `/apis/${version.groupVersion}`)),
  ];
  const lists = await Promise.all(
    bases.map(async (base) => [base, (await api.json(base)) as ApiResourceList] as const),
  );
  return lists.flatMap(([base, list]) =>
    (list.resources ?? [])
      .filter((resource) => !resource.name.includes("/"))
      .map((resource) => {
        const groupVersion = base.replace(/^\/apis?\//, "");
        const group = groupVersion.includes("/") ? groupVersion.slice(0, groupVersion.indexOf("/")) : "";
        const plain = [
          resource.name,
          resource.singularName ?? "",
          resource.kind.toLowerCase(),
          ...(resource.shortNames ?? []),
        ];
        const names = [...plain, ...(group === "" ? [] : plain.map((name) => `${name}.${group}`))].filter(
          (name) => name !== "",
        );
        return {
          base,
          groupVersion,
          group,
          resource: resource.name,
          kind: resource.kind,
          namespaced: resource.namespaced,
          names,
          categories: resource.categories ?? [],
        };
      }),
  );
}

/** The resources that a word names: one, or all of a category such as `all`. */
export function lookUp(resources: readonly ResourceInfo[], word: string): ResourceInfo[] {
  const lower = word.toLowerCase();
  const named = resources.find((resource) => resource.names.includes(lower));
  if (named !== undefined) return [named];
  const category = resources.filter((resource) => resource.categories.includes(lower));
  if (category.length > 0) return category;
  throw new CommandError(`error: the server doesn't have a resource type "${word}"`);
}

export function pathOf(resource: ResourceInfo, namespace: string, name?: string): string {
  const scope = resource.namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${resource.base}${scope}/${resource.resource}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}
