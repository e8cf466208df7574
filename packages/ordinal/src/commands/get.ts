import { createInterface } from "node:readline";

import { connect, readAll, refusal, type Api } from "../api.ts";
import { flag, parse, text } from "../arguments.ts";
import { discover, lookUp, pathOf, type ResourceInfo } from "../resources.ts";
import { mergeWidths, rowsOf, widths, writeRows, type TableBody } from "../table.ts";
import { UsageError } from "../usage.ts";

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const OUTPUTS = ["wide", "yaml", "json", "name"];

interface Request {
  readonly resources: readonly ResourceInfo[];
  readonly names: readonly string[];
  readonly namespace: string;
  readonly all: boolean;
  readonly query: string;
  readonly output: string | undefined;
}

export async function run(args: readonly string[]): Promise<number> {
  const parsed = parse(args, {
    namespace: { type: "string", short: "n" },
    "all-namespaces": { type: "boolean", short: "A" },
    selector: { type: "string", short: "l" },
    output: { type: "string", short: "o" },
    watch: { type: "boolean", short: "w" },
  });
  const [words, ...names] = parsed.positionals;
  const output = text(parsed, "output");
  if (words === undefined) throw new UsageError("Name what to show, e.g. `pods` or `all`.");
  if (output !== undefined && !OUTPUTS.includes(output))
    throw new UsageError(`-o takes ${OUTPUTS.join(", ")}, not "${output}".`);
  const selector = text(parsed, "selector");
  const api = connect(text(parsed, "home"));
  try {
    const known = await discover(api);
    const [kindWord = "", slashName] = words.split("/");
    const resources = kindWord.split(",").flatMap((word) => lookUp(known, word));
    const request: Request = {
      resources,
      names: slashName === undefined ? names : [slashName, ...names],
      namespace: text(parsed, "namespace") ?? "default",
      all: flag(parsed, "all-namespaces"),
      query: selector === undefined ? "" : `?labelSelector=${encodeURIComponent(selector)}`,
      output,
    };
    if (flag(parsed, "watch")) return await watch(api, request);
    return output === "yaml" || output === "json" ? await printObjects(api, request) : await printTables(api, request);
  } finally {
    api.close();
  }
}

function paths(request: Request, resource: ResourceInfo): string[] {
  if (request.names.length > 0) return request.names.map((name) => pathOf(resource, request.namespace, name));
  const path = request.all ? `${resource.base}/${resource.resource}` : pathOf(resource, request.namespace);
  return [path + request.query];
}

async function printObjects(api: Api, request: Request): Promise<number> {
  const found: Record<string, unknown>[] = [];
  for (const resource of request.resources)
    for (const path of paths(request, resource)) {
      const body = await api.json(path);
      if (Array.isArray(body["items"]))
        found.push(
          ...(body["items"] as Record<string, unknown>[]).map((item) => ({
            apiVersion: resource.groupVersion,
            kind: resource.kind,
            ...item,
          })),
        );
      else found.push(body);
    }
  const single = request.names.length === 1 && found.length === 1;
  const shown = single ? found[0] : { apiVersion: "v1", kind: "List", metadata: { resourceVersion: "" }, items: found };
  if (request.output === "json") process.stdout.write(`${JSON.stringify(shown, null, 4)}\n`);
  else process.stdout.write((await import("yaml")).stringify(shown));
  return 0;
}

async function printTables(api: Api, request: Request): Promise<number> {
  let shown = 0;
  for (const resource of request.resources) {
    const tables: TableBody[] = [];
    for (const path of paths(request, resource))
      tables.push((await api.json(path, { accept: TABLE })) as unknown as TableBody);
    const prefix =
      request.resources.length > 1
        ? `${resource.resource.replace(/s$/, "")}${resource.group === "" ? "" : `.${resource.group}`}/`
        : "";
    const options = { wide: request.output === "wide", namespaces: request.all && resource.namespaced, prefix };
    const rows = tables.flatMap((table, index) => rowsOf(table, options).slice(index === 0 ? 0 : 1));
    if (rows.length <= 1) continue;
    if (request.output === "name")
      for (const row of rows.slice(1))
        process.stdout.write(`${resource.resource}/${row[options.namespaces ? 1 : 0]}\n`);
    else {
      if (shown > 0) process.stdout.write("\n");
      writeRows(rows, widths(rows));
    }
    shown += rows.length - 1;
  }
  if (shown === 0 && request.output !== "name")
    process.stderr.write(
      request.all ? "No resources found\n" : `No resources found in ${request.namespace} namespace.\n`,
    );
  return 0;
}

async function watch(api: Api, request: Request): Promise<number> {
  const [resource] = request.resources;
  if (resource === undefined || request.resources.length > 1) throw new UsageError("-w watches one kind of object.");
  const name = request.names[0];
  const path = request.all ? `${resource.base}/${resource.resource}` : pathOf(resource, request.namespace);
  const field = name === undefined ? "" : `&fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
  const response = await api.stream(`${path}${request.query === "" ? "?" : `${request.query}&`}watch=true${field}`, {
    accept: TABLE,
  });
  if ((response.statusCode ?? 0) >= 400) throw refusal(JSON.parse(await readAll(response)) as Record<string, unknown>);
  let columns: TableBody["columnDefinitions"];
  let kept: number[] = [];
  for await (const line of createInterface({ input: response })) {
    const event = JSON.parse(line) as { type: string; object: TableBody };
    if (event.type === "BOOKMARK" || event.type === "ERROR") continue;
    columns = event.object.columnDefinitions ?? columns;
    const rows = rowsOf(
      { ...event.object, columnDefinitions: columns ?? [] },
      { wide: request.output === "wide", namespaces: request.all, prefix: "" },
    );
    const first = kept.length === 0;
    kept = mergeWidths(kept, widths(rows));
    writeRows(first ? rows : rows.slice(1), kept);
  }
  return 0;
}
