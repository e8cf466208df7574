import type { Service } from "kubernetes-types/core/v1.d.ts";

import type { Client } from "../api/index.ts";
import type { Subnet } from "./subnet.ts";

/**
 * Gives services new ClusterIPs when the home's old address range is held by another lab now. A ClusterIP cannot be changed, so the
 * service is made again under its name; its endpoints follow. Addresses asked for by hand in the old range are given anew too.
 */
export async function readdressServices(client: Client, subnet: Subnet): Promise<void> {
  const prefix = `127.${subnet.number}.`;
  const { items } = await client.list("services");
  for (const service of items as unknown as Service[]) {
    const address = service.spec?.clusterIP;
    const { name, namespace, labels, annotations } = service.metadata ?? {};
    if (
      address === undefined ||
      address === "None" ||
      address === "" ||
      address.startsWith(prefix) ||
      name === undefined ||
      namespace === undefined
    )
      continue;
    const { clusterIP: _old, clusterIPs: _olds, ...spec } = service.spec ?? {};
    await client.delete("services", namespace, name);
    const fixed =
      name === "kubernetes" && namespace === "default"
        ? subnet.kubernetesAddress
        : name === "kube-dns" && namespace === "kube-system"
          ? subnet.dnsAddress
          : undefined;
    await client.create("services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace, ...(labels && { labels }), ...(annotations && { annotations }) },
      spec: { ...spec, ...(fixed !== undefined && { clusterIP: fixed }) },
    });
  }
}
