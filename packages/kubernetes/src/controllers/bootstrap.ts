import type { Client, ResourceName } from "../api/client.ts";
import { isStatus } from "../api/status-error.ts";
import { type ApiAddress, apiService } from "./api-service.ts";

export interface BootstrapNode {
  readonly name: string;
  /** What `kubectl get nodes -o wide` shows as INTERNAL-IP. */
  readonly address: string;
}

export interface BootstrapOptions {
  readonly nodes: readonly BootstrapNode[];
  /** What the service `kubernetes` leads to. */
  readonly apiServer: ApiAddress;
  /** ClusterIP of the DNS resolver, the service `kube-dns` in kube-system. */
  readonly dnsClusterIP: string;
  /** What the nodes say they are. */
  readonly nodeInfo: {
    /** As Go names it: `amd64`, `arm64`. */
    readonly architecture: string;
    readonly kernelVersion: string;
    readonly osImage: string;
    /** `v1.32.…`. */
    readonly kubeletVersion: string;
    readonly containerRuntimeVersion: string;
  };
}

const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];
/** Nominal: a node is a share of the pods, and nothing enforces these. */
const CAPACITY = { cpu: "4", memory: "16Gi", pods: "110" };

/** Creates what a fresh cluster has, and leaves alone what is there already. */
export async function ensureBootstrapObjects(client: Client, options: BootstrapOptions): Promise<void> {
  for (const name of NAMESPACES)
    await ensure(client, "namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const rest: (readonly [resource: ResourceName, object: object])[] = [
    ["storageclasses.storage.k8s.io", storageClass()],
    ["services", apiService(options.apiServer)],
    ["services", dnsService(options)],
    ...options.nodes.map((node) => ["nodes", nodeObject(node, options)] as const),
  ];
  await Promise.all(rest.map(([resource, object]) => ensure(client, resource, object)));
}

async function ensure(client: Client, resource: ResourceName, object: object): Promise<void> {
  try {
    await client.create(resource, object, { manager: "ordinal" });
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
}

function storageClass(): object {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "ordinal.dev/local",
    reclaimPolicy: "Delete",
    volumeBindingMode: "Immediate",
  };
}

function dnsService({ dnsClusterIP }: BootstrapOptions): object {
  const labels = { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" };
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kube-dns", namespace: "kube-system", labels },
    spec: {
      type: "ClusterIP",
      clusterIP: dnsClusterIP,
      ports: [
        { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
        { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
      ],
    },
  };
}

function nodeObject(node: BootstrapNode, { nodeInfo }: BootstrapOptions): object {
  const { architecture } = nodeInfo;
  const labels = {
    "beta.kubernetes.io/arch": architecture,
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": architecture,
    "kubernetes.io/hostname": node.name,
    "kubernetes.io/os": "linux",
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: node.name, labels },
    spec: {},
    status: {
      addresses: [
        { type: "InternalIP", address: node.address },
        { type: "Hostname", address: node.name },
      ],
      capacity: CAPACITY,
      allocatable: CAPACITY,
      nodeInfo: {
        ...nodeInfo,
        operatingSystem: "linux",
        kubeProxyVersion: nodeInfo.kubeletVersion,
        machineID: "",
        systemUUID: "",
        bootID: "",
      },
    },
  };
}
