/** `ordinal-dns`: the server alone, on records from manifest files. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";

import { createLog, explainSystemError } from "@ordinal/io";

import { podsOf } from "../manifests/pods.ts";
import { ZoneFeed } from "../manifests/zone-feed.ts";
import { type PlacedObject, zoneObjects } from "../manifests/zone-objects.ts";
import { type DnsServer, type ListenAddress, startDnsServer } from "../server/server.ts";
import { createZone, type Zone } from "../zone/zone.ts";
import { ArgumentError, type Arguments, parseArguments, USAGE } from "./arguments.ts";
import { ManifestFiles } from "./manifest-files.ts";
import { PodAddresses } from "./pod-addresses.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  let settings: Arguments | "help";
  let zone: Zone;
  try {
    settings = parseArguments(words);
    if (settings === "help") {
      process.stdout.write(USAGE);
      return 0;
    }
    zone = createZone({
      zone: settings.zone,
      ttlSeconds: settings.ttlSeconds,
      pods: settings.pods,
      dnsServiceAddress: settings.address ?? firstAddress(settings.listen),
    });
  } catch (error) {
    if (!(error instanceof ArgumentError || error instanceof RangeError)) throw error;
    process.stderr.write(`ordinal-dns: ${error.message}\nTry 'ordinal-dns --help'.\n`);
    return 2;
  }
  return await serve(settings, zone);
}

async function serve(settings: Arguments, zone: Zone): Promise<number> {
  const log = createLog({ component: "dns" });
  const opened = ManifestFiles.open(settings.manifests, log);
  if ("problems" in opened) {
    for (const problem of opened.problems) process.stderr.write(`ordinal-dns: ${problem}\n`);
    return 1;
  }
  const { files } = opened;
  const followed = settings.resolver === undefined ? null : new PodAddresses({ resolver: settings.resolver, log });
  const feed = new ZoneFeed(zone);
  let placed: readonly PlacedObject[] = [];
  const update = () => {
    const objects = files.objects;
    if (followed !== null) followed.pods = podsOf(objects).filter((pod) => pod.addresses.length === 0);
    placed = zoneObjects(objects, { followed: followed?.addresses ?? new Map(), dnsServiceAddress: settings.address });
    feed.apply(placed);
  };
  update();

  let server: DnsServer;
  const tcp: Server[] = [];
  try {
    for (const wanted of settings.listen) tcp.push(await listenTcp(wanted));
    const udp = tcp.map((listener) => listener.address() as AddressInfo);
    const forward = settings.forward === undefined ? {} : { forward: settings.forward };
    server = await startDnsServer({ zone, udp, tcp, log, ...forward });
  } catch (error) {
    process.stderr.write(
      `ordinal-dns: ${explainSystemError(error, `listen on ${whereOf(error, settings.listen)}`)} (--listen)\n`,
    );
    for (const listener of tcp) listener.close();
    return 1;
  }
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  files.follow(update);
  // The records are whole once every pod has been asked for; one that is silent holds that up for a second at most.
  await Promise.race([followed?.follow(update), stopped]);
  zone.synced();
  process.stdout.write(statusLines(settings, server, files.count, placed));
  await stopped;
  files.close();
  followed?.close();
  await server.close();
  return 0;
}

/** Streams first, since a port of 0 has to come to the same number for both. */
async function listenTcp({ address, port }: ListenAddress): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.listen({ host: address, port, exclusive: true });
  await once(server, "listening");
  return server;
}

function statusLines(
  settings: Arguments,
  server: DnsServer,
  fileCount: number,
  placed: readonly PlacedObject[],
): string {
  const count = (kind: string) => placed.filter((each) => each.kind === kind).length;
  const where = server.udpAddresses.map(({ address, port }) =>
    address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
  );
  const service = placed.find(({ kind, object }) => kind === "Service" && object.metadata.name !== "kube-dns")?.object
    .metadata;
  const name =
    service === undefined
      ? `dns-version.${settings.zone} TXT`
      : `${service.name}.${service.namespace ?? "default"}.svc.${settings.zone}`;
  const [first] = server.udpAddresses;
  const port = first?.port === 53 ? "" : ` -p ${first?.port}`;
  const asked = first === undefined || isWildcard(first.address) ? (settings.address ?? "127.0.0.1") : first.address;
  return [
    `ordinal-dns: serving ${settings.zone} on ${where.join(", ")} (UDP and TCP): ${count("Service")} services and ${count("Pod")} pods of ${fileCount} ${fileCount === 1 ? "file" : "files"}`,
    `names outside ${settings.zone}: ${settings.forward === undefined ? "refused" : `forwarded to ${settings.forward}`}`,
    `try: dig @${asked}${port} ${name}`,
    "",
  ].join("\n");
}

/** What the server may call its own address where nobody said: the one it listens on, if that is one. */
function firstAddress(listen: readonly ListenAddress[]): string {
  return listen.find(({ address }) => !isWildcard(address))?.address ?? "127.0.0.1";
}

function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

function whereOf(error: unknown, listen: readonly ListenAddress[]): string {
  const failed =
    error instanceof Error && "address" in error && "port" in error ? `${error.address}:${error.port}` : undefined;
  return failed ?? listen.map(({ address, port }) => `${address}:${port}`).join(", ");
}
