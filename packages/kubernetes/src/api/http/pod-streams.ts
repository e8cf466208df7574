import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

import type { Log } from "@ordinal/io";

import type { NodeConnection, PodRef } from "../node.ts";
import type { Registry } from "../registry.ts";
import { StatusError } from "../status-error.ts";
import type { Guard } from "./guard.ts";
import type { ResourcePath } from "./resource-path.ts";
import type { Exchange } from "./respond.ts";

export class PodStreams {
  constructor(_registry: Registry, _node: (pod: PodRef) => NodeConnection, _log: Log | undefined) {}
  async logs(_path: ResourcePath, _exchange: Exchange): Promise<void> {
    throw new StatusError(501, undefined, "not yet");
  }
  upgrade(_guard: Guard, _request: IncomingMessage, socket: Socket, _head: Buffer): void {
    socket.destroy();
  }
  close(): void {}
}
