import { connect, readAll, refusal } from "../api.ts";
import { flag, number, parse, text } from "../arguments.ts";
import { UsageError } from "../usage.ts";

export async function run(args: readonly string[]): Promise<number> {
  const parsed = parse(args, {
    namespace: { type: "string", short: "n" },
    container: { type: "string", short: "c" },
    follow: { type: "boolean", short: "f" },
    previous: { type: "boolean", short: "p" },
    timestamps: { type: "boolean" },
    tail: { type: "string" },
  });
  const pod = parsed.positionals[0]?.replace(/^pods?\//, "");
  if (pod === undefined) throw new UsageError("Name the pod whose logs to print.");
  const query = new URLSearchParams();
  const container = text(parsed, "container");
  if (container !== undefined) query.set("container", container);
  for (const name of ["follow", "previous", "timestamps"]) if (flag(parsed, name)) query.set(name, "true");
  const tail = number(parsed, "tail", 0, Number.MAX_SAFE_INTEGER);
  if (tail !== undefined) query.set("tailLines", String(tail));
  const api = connect(text(parsed, "home"));
  try {
    const namespace = encodeURIComponent(text(parsed, "namespace") ?? "default");
    const response = await api.stream(`/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(pod)}/log?${query}`);
    if ((response.statusCode ?? 0) >= 400)
      throw refusal(JSON.parse(await readAll(response)) as Record<string, unknown>);
    for await (const chunk of response)
      if (!process.stdout.write(chunk as Buffer)) await new Promise((resolve) => process.stdout.once("drain", resolve));
    return 0;
  } finally {
    api.close();
  }
}
