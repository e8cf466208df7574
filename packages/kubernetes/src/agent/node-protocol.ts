import type { ExecOptions, LogOptions, PodRef } from "../api/node.ts";
import type { WireError } from "./messages.ts";

/**
 * The Unix socket between lab and agent. Every connection begins with one line of JSON from the lab and one from the agent;
 * then it belongs to one stream alone, so that back-pressure and half-close are the socket's own:
 *
 * - `logs`, `portForward`: the same connection carries the bytes.
 * - `exec`, `attach`: the connection stays as the session's control (lines: resize to the agent, exit from it; its end is
 *   the session's end), and each of stdin, stdout and stderr gets a connection of its own (`stream`).
 */
export type NodeRequest =
  | { readonly kind: "exec"; readonly pod: PodRef; readonly options: ExecOptions }
  | { readonly kind: "attach"; readonly pod: PodRef; readonly options: Omit<ExecOptions, "command"> }
  | { readonly kind: "stream"; readonly session: string; readonly stream: StreamName }
  | { readonly kind: "logs"; readonly pod: PodRef; readonly options: LogOptions }
  | { readonly kind: "portForward"; readonly pod: PodRef; readonly port: number };

export type StreamName = "stdin" | "stdout" | "stderr";

export type NodeAnswer =
  | { readonly ok: true; readonly session?: string; readonly streams?: readonly StreamName[] }
  | { readonly ok: false; readonly error: WireError };

export type ControlToAgent = { readonly kind: "resize"; readonly columns: number; readonly rows: number };
export type ControlFromAgent =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "failed"; readonly message: string };
