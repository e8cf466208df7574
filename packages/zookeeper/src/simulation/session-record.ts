import type { SessionId, Zxid } from "../jute/zxid.ts";
import type { WatchKind } from "./model.ts";
import type { OperationRecord } from "./operation.ts";

/** What one session of a client lived through, in the order in which the client saw it: the checkers read it afterwards. */
export type SessionEvent =
  /** A connection was accepted, and which watches the client asked it for again. */
  | { readonly kind: "connected"; readonly lastZxid: Zxid }
  | { readonly kind: "disconnected" }
  | { readonly kind: "reply"; readonly record: OperationRecord }
  /** Any other reply that carries a zxid: of a ping or of setWatches. */
  | { readonly kind: "seen"; readonly zxid: Zxid; readonly restored: readonly RestoredWatch[] | undefined }
  | { readonly kind: "event"; readonly type: number; readonly path: string; readonly zxid: Zxid };

export interface RestoredWatch {
  readonly kind: WatchKind;
  readonly path: string;
}

export class SessionRecord {
  readonly client: string;
  readonly id: SessionId;
  readonly timeoutMs: number;
  readonly events: SessionEvent[] = [];
  readonly operations: OperationRecord[] = [];
  /** How it ended, as the client knows: `left` when the client went away without a word. */
  end: "open" | "closed" | "expired" | "left" = "open";
  endedAtMs = 0;

  constructor(client: string, id: SessionId, timeoutMs: number) {
    this.client = client;
    this.id = id;
    this.timeoutMs = timeoutMs;
  }
}
