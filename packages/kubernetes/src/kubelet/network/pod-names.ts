import type { Pod } from "kubernetes-types/core/v1.d.ts";

const HOSTNAME_MAX = 63;

/** The hostname a pod sees and its full name, as kubernetes `pkg/kubelet/kubelet_pods.go` (GeneratePodHostNameAndDomain) makes them. */
export function podNames(
  pod: Pod,
  clusterDomain: string,
): { readonly hostname: string; readonly fqdn: string; readonly short: string } {
  const { metadata, spec } = pod;
  const wanted = spec?.hostname === undefined || spec.hostname === "" ? (metadata?.name ?? "") : spec.hostname;
  const short = wanted.length <= HOSTNAME_MAX ? wanted : wanted.slice(0, HOSTNAME_MAX).replace(/[-.]+$/, "");
  const domain =
    spec?.subdomain === undefined || spec.subdomain === ""
      ? undefined
      : `${spec.subdomain}.${metadata?.namespace}.svc.${clusterDomain}`;
  const fqdn = domain === undefined ? short : `${short}.${domain}`;
  return { hostname: spec?.setHostnameAsFQDN === true ? fqdn : short, fqdn, short };
}
