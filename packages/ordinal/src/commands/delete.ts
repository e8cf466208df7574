import { connect, type Api } from "../api.ts";
import { number, parse, text, texts } from "../arguments.ts";
import { readManifests } from "../manifests.ts";
import { discover, lookUp, pathOf, type ResourceInfo } from "../resources.ts";
import { CommandError, UsageError } from "../usage.ts";

const CASCADES: Readonly<Record<string, string>> = {
  background: "Background",
  foreground: "Foreground",
  orphan: "Orphan",
};
const POLL_MS = 25;

interface Target {
  readonly resource: ResourceInfo;
  readonly namespace: string;
  readonly name: string;
}

export async function run(args: readonly string[]): Promise<number> {
  const parsed = parse(args, {
    file: { type: "string", short: "f", multiple: true },
    namespace: { type: "string", short: "n" },
    cascade: { type: "string" },
    "grace-period": { type: "string" },
  });
  const cascade = text(parsed, "cascade") ?? "background";
  const propagationPolicy = Object.hasOwn(CASCADES, cascade) ? CASCADES[cascade] : undefined;
  if (propagationPolicy === undefined)
    throw new UsageError(`--cascade takes background, foreground or orphan, not "${cascade}".`);
  const grace = number(parsed, "grace-period", 0, 86_400 * 365);
  const body = JSON.stringify({ propagationPolicy, ...(grace === undefined ? {} : { gracePeriodSeconds: grace }) });
  const files = texts(parsed, "file");
  const namespace = text(parsed, "namespace") ?? "default";
  const manifests = readManifests(files);
  const api = connect(text(parsed, "home"));
  try {
    const resources = await discover(api);
    const targets =
      files.length > 0
        ? ofManifests(resources, manifests, namespace)
        : ofWords(resources, parsed.positionals, namespace);
    let failed = 0;
    for (const target of targets) failed += await remove(api, target, body);
    return failed === 0 ? 0 : 1;
  } finally {
    api.close();
  }
}

function ofManifests(
  resources: readonly ResourceInfo[],
  manifests: ReturnType<typeof readManifests>,
  namespace: string,
): Target[] {
  return manifests.map((manifest) => {
    const resource = resources.find((one) => one.groupVersion === manifest.apiVersion && one.kind === manifest.kind);
    if (resource === undefined)
      throw new CommandError(`no matches for kind "${manifest.kind}" in version "${manifest.apiVersion}"`);
    return { resource, namespace: manifest.metadata.namespace ?? namespace, name: manifest.metadata.name };
  });
}

function ofWords(resources: readonly ResourceInfo[], words: readonly string[], namespace: string): Target[] {
  const [first = "", ...rest] = words;
  const [kind = "", slashName] = first.split("/");
  const names = slashName === undefined ? rest : [slashName, ...rest];
  if (kind === "" || names.length === 0)
    throw new UsageError("Name the objects to delete, e.g. `pod web-0`, or manifests with -f.");
  const found = lookUp(resources, kind);
  return found.flatMap((resource) => names.map((name) => ({ resource, namespace, name })));
}

/** Deletes and waits until the object, by uid, is gone. Returns the number of failures. */
async function remove(api: Api, target: Target, body: string): Promise<number> {
  const path = pathOf(target.resource, target.namespace, target.name);
  try {
    const before = await api.json(path);
    const uid = (before["metadata"] as { uid: string }).uid;
    await api.json(path, { method: "DELETE", body });
    process.stdout.write(
      `${target.resource.resource.replace(/s$/, "")}${target.resource.group === "" ? "" : `.${target.resource.group}`} "${target.name}" deleted\n`,
    );
    for (;;) {
      const now = await api.maybe(path);
      if (now === undefined || (now["metadata"] as { uid: string }).uid !== uid) return 0;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}
