import { realClock, realNet, realRandom, realResolver } from "@ordinal/io/real-ports";
import { hasCode } from "@ordinal/kit";

import { BadPathError } from "../../client/keeper-error.ts";
import { ZooKeeperClient } from "../../client/zookeeper-client.ts";
import type { CliArguments } from "./arguments.ts";
import { UncaughtError } from "./cli-error.ts";
import type { MakeClient } from "./shell.ts";

const JVM_FLAGS = ["CLIENT_JVMFLAGS", "JVMFLAGS"];

/**
 * Clients as the command line, `-client-configuration` and the `-D` properties of CLIENT_JVMFLAGS and JVMFLAGS want them.
 * Nothing is read for what nobody asks for.
 */
export function makeClientFor(args: CliArguments): MakeClient {
  return async (server, timeoutMs, watcher) => {
    const isConfigured =
      args.clientConfiguration !== undefined || JVM_FLAGS.some((name) => (process.env[name] ?? "").includes("-D"));
    const configured = isConfigured
      ? await (await import("./configured.ts")).configuredOptions(args.clientConfiguration, JVM_FLAGS)
      : {};
    try {
      return new ZooKeeperClient(server, {
        ports: { net: realNet, clock: realClock, random: realRandom, resolver: realResolver },
        sessionTimeoutMs: timeoutMs,
        canBeReadOnly: args.isReadOnly,
        watcher,
        ...configured,
      });
    } catch (error) {
      if (!(error instanceof BadPathError) && !hasCode(error, "BAD_CONNECT_STRING")) throw error;
      throw new UncaughtError("java.lang.IllegalArgumentException", (error as Error).message);
    }
  };
}
