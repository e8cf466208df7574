import type { Log } from "@ordinal/io";

import type { JuteReader } from "../jute/jute-reader.ts";
import type { SessionId } from "../jute/zxid.ts";
import type { ClientPorts, SaslMechanism } from "./client-ports.ts";
import type { ClientWatches } from "./client-watches.ts";
import type { ServerAddress } from "./connect-string.ts";
import type { Watcher } from "./watched-event.ts";

/** Source: ZooKeeper.States. */
export type ClientState = "CONNECTING" | "CONNECTED" | "CONNECTEDREADONLY" | "AUTH_FAILED" | "CLOSED";

export interface SessionOptions {
  readonly servers: readonly ServerAddress[];
  readonly chroot: string;
  readonly ports: ClientPorts;
  /** What is asked for; the server decides. */
  readonly timeoutMs: number;
  readonly canBeReadOnly: boolean;
  /** A session to go on with. */
  readonly session: { readonly id: SessionId; readonly password: Uint8Array } | undefined;
  readonly frameBytesMax: number;
  readonly isWatchResetDisabled: boolean;
  readonly makeSasl: ((server: ServerAddress) => Promise<SaslMechanism>) | undefined;
  readonly watches: ClientWatches;
  readonly defaultWatcher: Watcher | undefined;
  readonly log: Log;
}

/** One request; `settle` is called exactly once. */
export interface SessionRequest {
  readonly type: number;
  readonly body: Uint8Array;
  /** @param reader at the body of the answer, where the error is 0 */
  settle(error: number, reader: JuteReader | undefined): void;
}
