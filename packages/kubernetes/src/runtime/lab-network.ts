import { writeFileSync } from "node:fs";

import { requireMachineTools } from "./machine-tools.ts";
import { runTool } from "./run-tool.ts";

/** The bridge that every node's link and, through it, every pod hangs on. */
export const LAB_BRIDGE = "lab";

/** The lab's addresses, all inside 127.0.0.0/8 so that they reach nobody outside the machine. */
export interface LabSubnet {
  /** N of 127.N.0.0/16; 1 to 255, because 127.0.0.0/16 stays every pod's own loopback. */
  readonly number: number;
  /** Address of the bridge, from which the agent's connections to pods come. */
  readonly bridgeAddress: string;
  /** `127.N.240.0/20`: the agent accepts connections to all of these. */
  readonly serviceRange: string;
}

/** Reads `127.N.0.0/16`. Throws on anything else. */
export function parseLabSubnet(subnet: string): LabSubnet {
  const match = /^127\.(\d{1,3})\.0\.0\/16$/.exec(subnet);
  const number = Number(match?.[1] ?? Number.NaN);
  if (!(number >= 1 && number <= 255))
    throw new Error(`not a lab's subnet, 127.N.0.0/16 with N from 1 to 255: ${subnet}`);
  return { number, bridgeAddress: `127.${number}.0.1`, serviceRange: `127.${number}.240.0/20` };
}

/** Makes the lab's bridge and addresses. Called once by the agent, inside the lab's namespaces. */
export async function setUpLabNetwork(options: { readonly subnet: string }): Promise<void> {
  const { bridgeAddress, serviceRange } = parseLabSubnet(options.subnet);
  // 127.0.0.0/8 is otherwise refused on every device but lo.
  writeFileSync("/proc/sys/net/ipv4/conf/all/route_localnet", "1");
  // lo takes all of 127.0.0.0/8 for itself when it comes up.
  const batch = [
    "link set lo up",
    "address delete 127.0.0.1/8 dev lo",
    "address add 127.0.0.1/16 dev lo",
    `link add ${LAB_BRIDGE} type bridge forward_delay 0`,
    `address add ${bridgeAddress}/16 dev ${LAB_BRIDGE}`,
    `link set ${LAB_BRIDGE} up`,
    `route add local ${serviceRange} dev lo`,
  ];
  await runTool(requireMachineTools().ip, ["-batch", "-"], `${batch.join("\n")}\n`);
}
