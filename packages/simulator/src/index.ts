export type { DiskDevice, Range } from "./disk-device.ts";
export type { Link } from "./link.ts";
export { seedsToTry, simulate, SimulationError } from "./simulate.ts";
export type { Ports, SimulatedHost } from "./simulated-host.ts";
export type { Survival } from "./simulated-disk.ts";
export type { SimulatedNetwork } from "./simulated-network.ts";
export { World } from "./world.ts";
