export type { Forward } from "./forwarding/host-listeners.ts";
export { type Agent, type AgentOptions, startAgent } from "./start-agent.ts";
