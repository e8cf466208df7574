import { connect } from "../api.ts";
import { applyObject } from "../apply-objects.ts";
import { parse, text, texts } from "../arguments.ts";
import { readManifests } from "../manifests.ts";
import { discover } from "../resources.ts";
import { CommandError, UsageError } from "../usage.ts";

export async function run(args: readonly string[]): Promise<number> {
  const parsed = parse(args, {
    file: { type: "string", short: "f", multiple: true },
    namespace: { type: "string", short: "n" },
  });
  const files = texts(parsed, "file");
  if (files.length === 0 || parsed.positionals.length > 0) throw new UsageError("Name the manifests with -f FILE.");
  const manifests = readManifests(files);
  if (manifests.length === 0) throw new CommandError(`No objects in ${files.join(", ")}.`);
  const api = connect(text(parsed, "home"));
  try {
    const resources = await discover(api);
    let failed = 0;
    for (const manifest of manifests)
      try {
        const { name, outcome } = await applyObject(api, resources, manifest, text(parsed, "namespace") ?? "default");
        process.stdout.write(`${name} ${outcome}\n`);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        failed++;
        process.stderr.write(`${manifest.kind} ${manifest.metadata.name}: ${error.message}\n`);
      }
    return failed === 0 ? 0 : 1;
  } finally {
    api.close();
  }
}
