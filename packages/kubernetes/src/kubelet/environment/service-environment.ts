/** Variables for services, as kubernetes `pkg/kubelet/envvars/envvars.go` makes them. */
import type { Service } from "kubernetes-types/core/v1.d.ts";

/** Names sort by service, so that a container's environment is the same at every start. */
export function serviceEnvironment(services: readonly Service[]): Map<string, string> {
  const environment = new Map<string, string>();
  const sorted = services.toSorted((left, right) =>
    (left.metadata?.name ?? "") < (right.metadata?.name ?? "") ? -1 : 1,
  );
  for (const service of sorted) {
    const address = service.spec?.clusterIP;
    const [first] = service.spec?.ports ?? [];
    if (address === undefined || address === "" || address === "None" || first === undefined) continue;
    const prefix = variableName(service.metadata?.name ?? "");
    environment.set(`${prefix}_SERVICE_HOST`, address);
    environment.set(`${prefix}_SERVICE_PORT`, String(first.port));
    for (const { name, port } of service.spec?.ports ?? []) {
      if (name !== undefined && name !== "")
        environment.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port));
    }
    for (const [index, { port, protocol = "TCP" }] of (service.spec?.ports ?? []).entries()) {
      const url = `${protocol.toLowerCase()}://${address}:${port}`;
      if (index === 0) environment.set(`${prefix}_PORT`, url);
      const link = `${prefix}_PORT_${port}_${protocol}`;
      environment.set(link, url);
      environment.set(`${link}_PROTO`, protocol.toLowerCase());
      environment.set(`${link}_PORT`, String(port));
      environment.set(`${link}_ADDR`, address);
    }
  }
  return environment;
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}
