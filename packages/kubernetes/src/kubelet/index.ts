export { startKubelet } from "./kubelet.ts";
export type { Kubelet, KubeletOptions } from "./kubelet.ts";
export type { ImageSource } from "./pod-context.ts";
export { KUBELET_VERSION, NODE_CAPACITY } from "./node-status.ts";
