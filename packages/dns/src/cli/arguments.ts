import { parseArgs } from "node:util";

import { parseForwardTarget } from "../server/forwarder.ts";
import type { ListenAddress } from "../server/server.ts";
import { addressBytes } from "../zone/address.ts";
import type { PodRecords } from "../zone/lookup.ts";

export const USAGE = `Usage: ordinal-dns --manifests FILE… [options]

Serves the Kubernetes DNS names of the Namespaces, Services, EndpointSlices, Pods and StatefulSets in YAML or JSON files,
and follows changes of the files. A Service without EndpointSlices is answered from its Pods.

  --manifests FILE…     the files; may be given more than once
  --zone NAME           the cluster's domain                                    (default cluster.local)
  --listen IP:PORT      where to answer, by UDP and TCP; may be given more than once (default 127.0.0.1:5300)
  --address IP          the address that the pods know this server by: it is named kube-dns.kube-system.svc.<zone>
  --ttl N               seconds that answers may be kept, 0 to 3600             (default 5)
  --pods MODE           names like 10-0-0-1.<namespace>.pod.<zone>: disabled, insecure or verified (default disabled)
  --forward IP[:PORT]   relay names outside the zone to that server             (default: they are refused)
  --resolver IP[:PORT]  look up each Pod without status.podIP there, by the Pod's name, every second; in a container of
                        docker compose, 127.0.0.11 gives every other container's present address
  --help                this text
`;

export interface Arguments {
  readonly manifests: readonly string[];
  readonly zone: string;
  readonly listen: readonly ListenAddress[];
  readonly address: string | undefined;
  readonly ttlSeconds: number;
  readonly pods: PodRecords;
  readonly forward: string | undefined;
  /** `IP:PORT` */
  readonly resolver: string | undefined;
}

/** What is wrong with the command line, in words for who typed it. */
export class ArgumentError extends Error {}

/** `help` if that is asked for. Throws an ArgumentError. */
export function parseArguments(words: readonly string[]): Arguments | "help" {
  const { values, positionals } = read(words);
  if (values.help === true) return "help";
  const manifests = [...(values.manifests ?? []), ...positionals];
  if (values.manifests === undefined) {
    throw new ArgumentError(
      positionals.length > 0 ? `unexpected argument '${positionals[0]}'` : "--manifests FILE… is missing",
    );
  }
  const ttl = values.ttl ?? "5";
  if (!/^[0-9]{1,4}$/.test(ttl) || Number(ttl) > 3600)
    throw new ArgumentError(`--ttl ${ttl}: must be 0 to 3600 seconds`);
  if (values.address !== undefined && addressBytes(values.address) === null) {
    throw new ArgumentError(`--address ${values.address}: not an IP address`);
  }
  return {
    manifests,
    zone: values.zone ?? "cluster.local",
    listen: (values.listen ?? ["127.0.0.1:5300"]).map(listenAddress),
    address: values.address,
    ttlSeconds: Number(ttl),
    pods: podRecords(values.pods ?? "disabled"),
    forward: serverAddress("--forward", values.forward),
    resolver: serverAddress("--resolver", values.resolver),
  };
}

function read(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        manifests: { type: "string", multiple: true },
        zone: { type: "string" },
        listen: { type: "string", multiple: true },
        address: { type: "string" },
        ttl: { type: "string" },
        pods: { type: "string" },
        forward: { type: "string" },
        resolver: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new ArgumentError((error instanceof Error ? error.message : String(error)).replace(/\. To specify .*/s, ""));
  }
}

function listenAddress(text: string): ListenAddress {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text);
  const address = parts?.[1] ?? parts?.[2] ?? "";
  const port = Number(parts?.[3]);
  if (addressBytes(address) === null || !(port <= 65_535))
    throw new ArgumentError(`--listen ${text}: must be IP:PORT, such as 127.0.0.1:5300`);
  return { address, port };
}

function serverAddress(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const { address, port } = parseForwardTarget(text);
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  } catch (error) {
    throw new ArgumentError(`${option} ${error instanceof Error ? error.message : String(error)}`);
  }
}

function podRecords(text: string): PodRecords {
  if (text === "disabled" || text === "insecure" || text === "verified") return text;
  throw new ArgumentError(`--pods ${text}: must be disabled, insecure or verified`);
}
