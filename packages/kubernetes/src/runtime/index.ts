export { readContainerLog, type LogReadOptions } from "./container-log-reader.ts";
export { ContainerLog, type ContainerLogOptions, type LogStream } from "./container-log.ts";
export { FakeRuntime, type FakeRuntimeOptions } from "./fake-runtime.ts";
export {
  probeNamespaces,
  startInLabNamespaces,
  type LabNamespacesOptions,
  type NamespacesProbe,
} from "./lab-namespaces.ts";
export { setUpLabNetwork } from "./lab-network.ts";
export { NamespacesRuntime, type NamespacesRuntimeOptions } from "./namespaces-runtime.ts";
export type * from "./pod-runtime.ts";
export { portShift, ProcessesRuntime, shiftedPort, type ProcessesRuntimeOptions } from "./processes-runtime.ts";
export { sweepLeftovers } from "./sweep-leftovers.ts";
