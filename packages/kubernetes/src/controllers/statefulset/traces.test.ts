import { readFileSync } from "node:fs";
import { join } from "node:path";

import { World } from "@ordinal/simulator";
import { expect, test } from "vitest";

import { createRegistry } from "../../api/registry.ts";
import { nginxService, TestLab, webSet } from "../testing/test-lab.ts";
import type { StoredPod, StoredRevision } from "../view.ts";

// Files of commands and of what must be seen after each: the pods' changes in their order, and facts ("=").

interface Step {
  readonly command: string;
  readonly changes: string[];
  readonly facts: string[];
}

test.each(["updates", "deletes", "zookeeper"])(
  "pods come and go as on a real control plane: %s.trace",
  async (name) => {
    const world = new World(1);
    const lab = await TestLab.start(world, world.random.fork("api"), createRegistry);
    lab.broken.add("nosuch.invalid/nginx:1");
    await lab.client.create("services", nginxService());
    const seen: string[] = [];
    const states = new Map<string, string>();
    lab.client.watch("pods", {}, (event) => {
      if (event.kind === "SYNCED") return;
      const pod = event.object as unknown as StoredPod;
      const state =
        event.kind === "DELETED"
          ? "gone"
          : pod.metadata.deletionTimestamp === undefined
            ? (pod.status?.phase ?? "")
            : "Terminating";
      if (states.get(pod.metadata.name) === state) return;
      states.set(pod.metadata.name, state);
      seen.push(`${pod.metadata.name} ${state}`);
    });
    const text = readFileSync(join(import.meta.dirname, "..", "testdata", `${name}.trace`), "utf8");
    for (const step of parse(text)) {
      seen.length = 0;
      await execute(lab, step.command);
      await world.run(60_000);
      expect({ after: step.command, seen: [...seen] }).toEqual({ after: step.command, seen: step.changes });
      for (const fact of step.facts) expect(factOf(lab, fact.split(" ", 1)[0] ?? ""), step.command).toBe(fact);
    }
    expect(lab.warnings).toEqual([]);
    await lab.stop();
  },
);

function parse(text: string): Step[] {
  const steps: Step[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), changes: [], facts: [] });
    else if (line.startsWith("= ")) steps.at(-1)?.facts.push(line.slice(2));
    else steps.at(-1)?.changes.push(line);
  }
  return steps;
}

async function execute(lab: TestLab, command: string): Promise<void> {
  const [verb = "", ...words] = command.split(" ");
  const rest = words.join(" ");
  const patchSet = (patch: unknown): Promise<unknown> =>
    lab.client.patch("statefulsets.apps", "default", "web", patch, { type: "merge" });
  switch (verb) {
    case "create":
      await lab.client.create("statefulsets.apps", webSet(rest === "" ? {} : (JSON.parse(rest) as object)));
      return;
    case "scale":
      await patchSet({ spec: { replicas: Number(rest) } });
      return;
    case "patch":
      await patchSet(JSON.parse(rest));
      return;
    case "image": {
      const patch = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: rest }];
      await lab.client.patch("statefulsets.apps", "default", "web", patch, { type: "json" });
      return;
    }
    case "relabel":
      await lab.client.patch(
        "pods",
        "default",
        words[1] ?? "",
        { metadata: { labels: { app: words[2] } } },
        { type: "merge" },
      );
      return;
    case "cordon":
    case "uncordon":
      await lab.client.patch(
        "nodes",
        "",
        rest,
        { spec: { unschedulable: verb === "cordon" ? true : null } },
        { type: "merge" },
      );
      return;
    case "fail":
      await lab.kubelet.fail("default", rest);
      return;
    case "delete":
      if (words[0] === "pod") await lab.client.delete("pods", "default", words[1] ?? "");
      else {
        const propagationPolicy = words[1] as "Orphan" | "Background" | "Foreground";
        await lab.client.delete("statefulsets.apps", "default", "web", { propagationPolicy });
      }
      return;
    default:
      throw new Error(`no command ${verb}`);
  }
}

function factOf(lab: TestLab, kind: string): string {
  const pods = lab.pods();
  const list = (): string[] => {
    switch (kind) {
      case "images":
        return pods.map((pod) => pod.spec?.containers[0]?.image ?? "");
      case "nodes":
        return pods.map((pod) => pod.spec?.nodeName ?? "none");
      case "said":
        return pods.flatMap((pod) => {
          const condition = pod.status?.conditions?.find(
            ({ type, status }) => type === "PodScheduled" && status === "False",
          );
          return condition === undefined ? [] : [`${pod.metadata.name} ${condition.message ?? ""}`];
        });
      case "owners":
        return pods.map((pod) => pod.metadata.ownerReferences?.[0]?.name ?? "none");
      case "claims":
        return lab.all("persistentvolumeclaims").map((claim) => claim.metadata.name);
      case "sets":
        return lab.all("statefulsets.apps").map((set) => set.metadata.name);
      case "revisions":
        return (lab.all("controllerrevisions.apps") as unknown as StoredRevision[]).map(
          (revision) => `${revision.metadata.name}=${revision.revision}`,
        );
      case "status": {
        const { observedGeneration: _, ...status } = lab.set().status ?? { replicas: -1 };
        return [JSON.stringify(Object.fromEntries(Object.entries(status).sort(([a], [b]) => (a < b ? -1 : 1))))];
      }
      default:
        throw new Error(`no fact ${kind}`);
    }
  };
  return [kind, ...list()].join(" ");
}
