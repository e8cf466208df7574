import { readFileSync } from "node:fs";

/** What this process keeps for everything but forwarding: containers' streams, logs, probes, exec. */
const RESERVED = 2048;

/**
 * How many connections may be forwarded at once: `wanted`, or fewer where this process may not have two descriptors for each
 * beside what else it needs; a flood must not keep the kubelet from opening files.
 */
export function forwardableConnections(wanted: number, limits = readLimits()): number {
  const descriptors = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.NaN);
  if (Number.isNaN(descriptors)) return wanted;
  const spare = Math.max(descriptors - RESERVED, Math.floor(descriptors / 2));
  return Math.min(wanted, Math.floor(spare / 2));
}

function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
