import { createServer, type Server } from "node:net";

/** N of 127.N.0.0/16. 0 is the machine's own loopback; 1 to 15 are left to other programs that use loopback addresses. */
const SUBNET_MIN = 16;
const SUBNET_MAX = 126;
/** The kubelet's port: a lab holds it at 127.N.0.1 as long as it lives, so that no second lab takes the same addresses. */
const CLAIM_PORT = 10250;

export interface Subnet {
  readonly number: number;
  /** `127.N.0.1`: the bridge, and what pods see as their node. */
  readonly gateway: string;
  /** `127.N.240.0/20` */
  readonly clusterIPRange: string;
  /** `127.N.240.1`: the `kubernetes` service. */
  readonly kubernetesAddress: string;
  /** `127.N.240.10`: the resolver that pods ask. */
  readonly dnsAddress: string;
}

export function subnet(number: number): Subnet {
  return {
    number,
    gateway: `127.${number}.0.1`,
    clusterIPRange: `127.${number}.240.0/20`,
    kubernetesAddress: `127.${number}.240.1`,
    dnsAddress: `127.${number}.240.10`,
  };
}

/**
 * Takes a range of loopback addresses that no other lab of this machine holds: `preferred` if it is free, else the next one that
 * is. Keep the claim open while the lab lives; it ends with the process.
 */
export async function claimSubnet(
  preferred: number | undefined,
): Promise<{ readonly subnet: Subnet; readonly claim: Server }> {
  const count = SUBNET_MAX - SUBNET_MIN + 1;
  const first = preferred !== undefined && preferred >= SUBNET_MIN && preferred <= SUBNET_MAX ? preferred : SUBNET_MIN;
  for (let step = 0; step < count; step++) {
    const number = SUBNET_MIN + ((first - SUBNET_MIN + step) % count);
    const claim = await tryListen(`127.${number}.0.1`, CLAIM_PORT);
    if (claim !== undefined) return { subnet: subnet(number), claim };
  }
  throw new Error(
    `No free address range: port ${CLAIM_PORT} is taken at every 127.N.0.1 from N=${SUBNET_MIN} to ${SUBNET_MAX}. Stop a lab (\`ordinal stop\`) first.`,
  );
}

/** Listens, or tells by undefined that the port is taken. */
export function tryListen(address: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(undefined);
      else reject(error);
    });
    server.listen({ host: address, port }, () => resolve(server.unref()));
  });
}
