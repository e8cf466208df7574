import { SchedulerShell, type SchedulerOptions } from "./shell.ts";

export type { SchedulerOptions };

/** Starts assigning pods to nodes, until `stop`; bindings that are under way then still happen. */
export function startScheduler(options: SchedulerOptions): { stop(): void } {
  return new SchedulerShell(options);
}
