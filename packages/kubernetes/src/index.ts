export type { Client, KubeObject, WatchEvent, WatchHandle } from "./api/index.ts";
export { StatusError } from "./api/index.ts";
export type { Forward, Home } from "./lab/home.ts";
export { HomeError } from "./lab/home.ts";
export { LabError } from "./lab/lab-error.ts";
export { type Lab, type LabOptions, startLab } from "./lab/lab.ts";
export { PortError } from "./lab/ports.ts";
export { tryListen } from "./lab/subnet.ts";
export { probeNamespaces } from "./runtime/lab-namespaces.ts";
