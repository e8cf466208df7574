import { realClock, realDisk, realNet, realRandom, realResolver } from "@ordinal/io";

import { realHttp } from "./http/real-http.ts";
import type { ServerPorts } from "./server.ts";
import { realSecureNet } from "./tls/real-secure-net.ts";

/** This machine, for a server that runs as a process of its own. */
export const realServerPorts: ServerPorts = {
  net: realNet,
  secureNet: realSecureNet,
  http: realHttp,
  clock: realClock,
  random: realRandom,
  disk: realDisk,
  resolver: realResolver,
};
