import { readFileSync } from "node:fs";
import { join } from "node:path";

import { modeOf } from "../../src/ensemble/four-letter-word.ts";
import { type MemberAddress, OriginalServer, takeMemberAddresses } from "../../src/testing/original.ts";
import { OurServer } from "./our-server.ts";

const SERVERS = 3;
const READY_TIMEOUT_MS = 60_000;
const LOOK_MS = 25;

/** A server's process, of either kind. */
export interface ServerProcess {
  readonly clientPort: number;
  readonly pid: number | undefined;
  start(): void;
  /** Resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Three servers on this machine with fresh data: ours or the original's. */
export class Contender implements AsyncDisposable {
  readonly name: "ours" | "original";
  readonly servers: readonly ServerProcess[];
  readonly #release: () => Promise<void>;

  private constructor(name: "ours" | "original", servers: readonly ServerProcess[], release: () => Promise<void>) {
    this.name = name;
    this.servers = servers;
    this.#release = release;
  }

  /** Nothing runs yet. @param folder where its files go; the caller's to remove */
  static async prepare(name: "ours" | "original", folder: string): Promise<Contender> {
    const { members, block } = await takeMemberAddresses(SERVERS);
    const make = name === "ours" ? ourServer : originalServer;
    const servers = members.map((self) => make(self, members, join(folder, `${name}-${self.sid}`)));
    return new Contender(name, servers, () => block.release());
  }

  get ports(): number[] {
    return this.servers.map((server) => server.clientPort);
  }

  start(): void {
    for (const server of this.servers) server.start();
  }

  async kill(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
  }

  /** The leader, and the followers in the order of their ids; waits until all three serve. */
  async roles(): Promise<{ readonly leader: ServerProcess; readonly followers: readonly ServerProcess[] }> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    for (;;) {
      const modes = await Promise.all(this.ports.map((port) => modeOf(port)));
      const leader = this.servers[modes.indexOf("leader")];
      const followers = this.servers.filter((_server, index) => modes[index] === "follower");
      if (leader !== undefined && followers.length === SERVERS - 1) return { leader, followers };
      if (performance.now() > deadline) throw new Error(`${this.name}: not all servers serve: ${modes.join(", ")}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Throws unless this server is dead and another one leads: else a failover was none. */
  async mustHaveLeaderBut(old: ServerProcess): Promise<void> {
    const modes = await Promise.all(this.ports.map((port) => modeOf(port)));
    if (modes[this.servers.indexOf(old)] === undefined && modes.includes("leader")) return;
    throw new Error(`${this.name}: no leader took over: ${modes.join(", ")}`);
  }

  /** Resident memory of each server, in MB. */
  memoryMb(): number[] {
    return this.servers.map(({ pid }) => {
      const status = readFileSync(`/proc/${pid ?? 0}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#release();
  }
}

function originalServer(self: MemberAddress, members: readonly MemberAddress[], directory: string): ServerProcess {
  // Debian's zkServer.sh passes no options to the virtual machine either.
  return new OriginalServer({ self, members, directory, jvmFlags: [] });
}

function ourServer(self: MemberAddress, members: readonly MemberAddress[], directory: string): ServerProcess {
  return new OurServer(self, members, directory);
}
