import type { HostAlias } from "kubernetes-types/core/v1.d.ts";

/** /etc/hosts of a pod, with the original's text (kubernetes `pkg/kubelet/kubelet_pods.go`, managedHostsFileContent). */
export function hostsFile(address: string, short: string, fqdn: string, aliases: readonly HostAlias[]): string {
  const names = fqdn === short ? short : `${fqdn}\t${short}`;
  const lines = [
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
    `${address}\t${names}`,
  ];
  if (aliases.length > 0) {
    lines.push("", "# Entries added by HostAliases.");
    for (const { ip, hostnames } of aliases) lines.push(`${ip}\t${(hostnames ?? []).join("\t")}`);
  }
  return `${lines.join("\n")}\n`;
}
