/**
 * One probe of one run of a container: when it is due and when its verdict turns.
 * Agrees with kubernetes `pkg/kubelet/prober/worker.go`: a verdict changes only after a threshold of equal results in a row.
 */
import type { Probe } from "kubernetes-types/core/v1.d.ts";

import type { ProbeKind, ProbeOutcome } from "./messages.ts";

export interface ProbeRecord {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  /** The verdict; undefined is a startup probe that has not decided. */
  passed: boolean | undefined;
  /** Due time; undefined while a probe is under way or none will follow. */
  dueAt: number | undefined;
  lastResult: boolean | undefined;
  equalResults: number;
}

/**
 * A program needs a moment before it listens. The original's first probe comes a random part of the period after the
 * start; ours comes this much after it, so that a probe without initial delay does not lose its first period.
 */
const FIRST_PROBE_MS = 300;

function periodMs(probe: Probe): number {
  return (probe.periodSeconds ?? 10) * 1000;
}

export function newProbe(kind: ProbeKind, probe: Probe, startedAt: number): ProbeRecord {
  return {
    kind,
    probe,
    passed: kind === "readiness" ? false : kind === "liveness" ? true : undefined,
    dueAt: startedAt + Math.max((probe.initialDelaySeconds ?? 0) * 1000, FIRST_PROBE_MS),
    lastResult: undefined,
    equalResults: 0,
  };
}

/**
 * Counts one result that came at `now`. Answers whether the verdict turned or, for a failure, was reached.
 * After a liveness or startup verdict of failure nothing more is due: the container is about to be killed.
 */
export function countResult(record: ProbeRecord, outcome: ProbeOutcome, now: number): "passed" | "failed" | undefined {
  record.dueAt = now + periodMs(record.probe);
  if (outcome.result === "unknown") return undefined;
  const success = outcome.result === "success";
  record.equalResults = record.lastResult === success ? record.equalResults + 1 : 1;
  record.lastResult = success;
  const threshold = success ? (record.probe.successThreshold ?? 1) : (record.probe.failureThreshold ?? 3);
  if (record.equalResults < threshold) return undefined;
  const turned = record.passed !== success;
  record.passed = success;
  if (!success && record.kind !== "readiness") {
    record.dueAt = undefined;
    return "failed";
  }
  if (success && record.kind === "startup") record.dueAt = undefined;
  return turned ? (success ? "passed" : "failed") : undefined;
}
