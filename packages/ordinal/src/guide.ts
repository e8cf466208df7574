import type { Progress } from "./pods.ts";

export interface GuideFacts {
  readonly homeDirectory: string;
  readonly defaultHome: boolean;
  readonly kubeconfig: string;
  readonly dnsPort: number;
  readonly progress: Progress;
  /** Host addresses of container ports, first of each pod: what curl and a browser take. */
  readonly pages: readonly { readonly pod: string; readonly url: string }[];
  /** Client ports of a ZooKeeper ensemble, as clients take them: `host:port`. */
  readonly ensemble: readonly string[];
  /** A name that resolves, e.g. `web-0.nginx.default.svc.cluster.local`. */
  readonly name: string | undefined;
  readonly kubectlFound: boolean;
  readonly notes: readonly string[];
}

/** What a newcomer does next: the lab's pods by curl, kubectl and dig. */
export function guide(facts: GuideFacts): string {
  const first = facts.progress.lines[0]?.name ?? "web-0";
  const home = facts.defaultHome ? "" : ` --home ${shellWord(facts.homeDirectory)}`;
  const lines = ["", "Reach it from another terminal:"];
  for (const page of facts.pages.slice(0, 2)) lines.push(`  curl ${page.url.padEnd(34)} # ${page.pod}`);
  if (facts.kubectlFound) {
    lines.push(
      `  export KUBECONFIG=${shellWord(facts.kubeconfig)}`,
      "  kubectl get pods -w",
      `  kubectl exec -it ${first} -- sh`,
    );
  } else {
    lines.push(
      `  npx ordinal get pods -w${home}`,
      `  npx ordinal exec -it ${first}${home} -- sh`,
      `  (kubectl works too: export KUBECONFIG=${shellWord(facts.kubeconfig)})`,
    );
  }
  if (facts.ensemble.length > 0) lines.push(`  npx zkCli.sh -server ${facts.ensemble.join(",")} ls /`);
  if (facts.name !== undefined) lines.push(`  dig @127.0.0.1 -p ${facts.dnsPort} +short ${facts.name}`);
  for (const note of facts.notes) lines.push("", `Note: ${note}`);
  return `${lines.join("\n")}\n`;
}

function shellWord(value: string): string {
  return /^[\w./:@~-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
