/**
 * Starts the original server (Debian packages `zookeeper`, `default-jre-headless`, …) for tests and benchmarks that compare with
 * it or mix it with ours. Nothing of it is used but the jars.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { fourLetterWord, modeOf } from "../ensemble/four-letter-word.ts";
import { takePorts, type PortBlock } from "../ensemble/port-block.ts";

const JAVA = "/usr/bin/java";
/** Netty's codec and resolver are what the manifest of Debian's zookeeper.jar forgets of TLS. */
const JARS = ["zookeeper.jar", "slf4j-log4j12.jar", "log4j-1.2.jar", "netty-codec.jar", "netty-resolver.jar"].map(
  (name) => `/usr/share/java/${name}`,
);
/** For programs that use the original's classes: its command line, other clients. */
export const ORIGINAL_CLASS_PATH = JARS.join(":");
/** Has the kernel end the server with us, however we end. */
const SETPRIV = "/usr/bin/setpriv";
const LOOK_MS = 25;
const READY_TIMEOUT_MS = 60_000;
/** Small and quick to start: several of them run beside the tests. A benchmark passes `[]`. */
const TEST_JVM_FLAGS = ["-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];

const LOG4J = `log4j.rootLogger=\${zookeeper.root.logger}
log4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender
log4j.appender.CONSOLE.layout=org.apache.log4j.PatternLayout
log4j.appender.CONSOLE.layout.ConversionPattern=%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n
`;

export function isOriginalInstalled(): boolean {
  return [JAVA, ...JARS].every((path) => existsSync(path));
}

/** One server of an ensemble, ours or the original's, by its addresses. */
export interface MemberAddress {
  readonly sid: number;
  readonly clientPort: number;
  readonly quorumPort: number;
  readonly electionPort: number;
  readonly role?: "participant" | "observer";
}

export interface OriginalServerOptions {
  /** Undefined: alone. */
  readonly members?: readonly MemberAddress[];
  readonly self: MemberAddress;
  /** Holds zoo.cfg, the log and `data`; made if it is not there, and left. */
  readonly directory: string;
  /** Where `myid` and `version-2` are; by default `data` in `directory`. */
  readonly dataDir?: string;
  /** Further lines of zoo.cfg; a key said here goes before what the launcher says. */
  readonly lines?: readonly string[];
  /** Defaults to a small, quickly starting virtual machine. */
  readonly jvmFlags?: readonly string[];
  /** Runs in the original's place, and takes `-D` options, the main class and zoo.cfg as a JVM does: a server of ours. */
  readonly program?: readonly [string, ...string[]];
}

/** A process of the original server. */
export class OriginalServer implements AsyncDisposable {
  readonly sid: number;
  readonly clientPort: number;
  readonly quorumPort: number;
  readonly electionPort: number;
  readonly directory: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly configFile: string;
  readonly #jvmFlags: readonly string[];
  readonly #program: readonly [string, ...string[]] | undefined;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(options: OriginalServerOptions) {
    const { self, members, directory } = options;
    this.sid = self.sid;
    this.clientPort = self.clientPort;
    this.quorumPort = self.quorumPort;
    this.electionPort = self.electionPort;
    this.directory = directory;
    this.dataDir = options.dataDir ?? join(directory, "data");
    this.logFile = join(directory, "server.log");
    this.configFile = join(directory, "zoo.cfg");
    this.#jvmFlags = options.jvmFlags ?? TEST_JVM_FLAGS;
    this.#program = options.program;
    mkdirSync(this.dataDir, { recursive: true });
    writeFileSync(join(directory, "log4j.properties"), LOG4J);
    if (members !== undefined) writeFileSync(join(this.dataDir, "myid"), `${self.sid}\n`);
    writeFileSync(this.configFile, zooCfg(this.dataDir, self, members, options.lines ?? []));
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Everything it logged so far, over all its starts. */
  log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, "utf8") : "";
  }

  /** Starts the process, which need not serve yet when this returns. */
  start(): void {
    if (this.isRunning) throw new Error(`server ${this.sid} runs already`);
    const output = openSync(this.logFile, "a");
    const args = [
      ...this.#jvmFlags,
      "-Dzookeeper.root.logger=INFO,CONSOLE",
      `-Dlog4j.configuration=file:${join(this.directory, "log4j.properties")}`,
      ...(this.#program === undefined ? ["-cp", JARS.join(":")] : []),
      "org.apache.zookeeper.server.quorum.QuorumPeerMain",
      this.configFile,
    ];
    const stdio: ["ignore", number, number] = ["ignore", output, output];
    const [program, ...first] = this.#program ?? [JAVA];
    const child = existsSync(SETPRIV)
      ? spawn(SETPRIV, ["--pdeathsig", "KILL", program, ...first, ...args], { stdio, cwd: this.directory })
      : spawn(program, [...first, ...args], { stdio, cwd: this.directory });
    closeSync(output);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
  }

  /** Waits until it serves clients: alone, or following or leading a quorum. */
  async ready(timeoutMs = READY_TIMEOUT_MS): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const mode = await modeOf(this.clientPort);
      if (mode !== undefined) return mode;
      if (!this.isRunning) throw new Error(`the original server ${this.sid} ended:\n${this.log().slice(-4000)}`);
      if (Date.now() > deadline) {
        throw new Error(
          `the original server ${this.sid} does not serve after ${timeoutMs} ms:\n${this.log().slice(-4000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** `kill -9`, or another signal; resolves when the process is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.isRunning) return;
    this.#child?.kill(signal);
    await this.#exited;
  }

  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Ends it if it runs, and starts it again. */
  async restart(): Promise<void> {
    await this.kill();
    this.start();
  }

  fourLetterWord(word: string): Promise<string | undefined> {
    return fourLetterWord(this.clientPort, word);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

export interface OriginalOptions {
  /** 1 stands alone. Default 1. */
  readonly size?: number;
  /** The last so many of `size` observe. Default 0. */
  readonly observers?: number;
  /** Further lines of every zoo.cfg. */
  readonly lines?: readonly string[];
  readonly jvmFlags?: readonly string[];
  /** Where all goes, and stays; by default a temporary folder that `stop` removes. */
  readonly directory?: string;
}

/** Several original servers on free ports of 127.0.0.1. */
export class OriginalEnsemble implements AsyncDisposable {
  readonly servers: readonly OriginalServer[];
  readonly directory: string;
  readonly #block: PortBlock;
  readonly #isTemporary: boolean;

  constructor(servers: readonly OriginalServer[], directory: string, block: PortBlock, isTemporary: boolean) {
    this.servers = servers;
    this.directory = directory;
    this.#block = block;
    this.#isTemporary = isTemporary;
  }

  /** `127.0.0.1:10241,127.0.0.1:10242`. */
  get connectString(): string {
    return this.servers.map((server) => `127.0.0.1:${server.clientPort}`).join(",");
  }

  /** @param index from 0 */
  server(index: number): OriginalServer {
    const server = this.servers[index];
    if (server === undefined) throw new RangeError(`there is no server ${index}; there are ${this.servers.length}`);
    return server;
  }

  /** The index of the server that leads or stands alone, if one does. */
  async leader(): Promise<number | undefined> {
    const modes = await Promise.all(
      this.servers.map(({ isRunning, clientPort }) => (isRunning ? modeOf(clientPort) : undefined)),
    );
    const index = modes.findIndex((mode) => mode === "leader" || mode === "standalone");
    return index < 0 ? undefined : index;
  }

  /** Ends all processes at once and removes the folder, unless it was given. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
    await this.#block.release();
    if (this.#isTemporary) rmSync(this.directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Resolves when every server serves clients. */
export async function startOriginal(options: OriginalOptions = {}): Promise<OriginalEnsemble> {
  const size = options.size ?? 1;
  const observers = options.observers ?? 0;
  const { members, block } = await takeMemberAddresses(size, observers);
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "original-zookeeper-"));
  const servers = members.map(
    (self) =>
      new OriginalServer({
        self,
        directory: join(directory, `server-${self.sid}`),
        ...(size === 1 ? {} : { members }),
        ...(options.lines === undefined ? {} : { lines: options.lines }),
        ...(options.jvmFlags === undefined ? {} : { jvmFlags: options.jvmFlags }),
      }),
  );
  const ensemble = new OriginalEnsemble(servers, directory, block, options.directory === undefined);
  try {
    for (const server of servers) server.start();
    await Promise.all(servers.map((server) => server.ready()));
    return ensemble;
  } catch (error) {
    await ensemble.stop();
    throw error;
  }
}

/** Addresses for `size` servers of whatever kind: for mixed ensembles. The sids are 1 to `size`. */
export async function takeMemberAddresses(
  size: number,
  observers = 0,
): Promise<{ readonly members: readonly MemberAddress[]; readonly block: PortBlock }> {
  const block = await takePorts(size * 3);
  const port = (index: number): number => block.ports[index] ?? 0;
  const members = Array.from({ length: size }, (_unused, index) => ({
    sid: index + 1,
    clientPort: port(index),
    quorumPort: port(size + index),
    electionPort: port(size * 2 + index),
    role: index < size - observers ? ("participant" as const) : ("observer" as const),
  }));
  return { members, block };
}

/** The `server.N=` lines of an ensemble on 127.0.0.1. */
export function memberLines(members: readonly MemberAddress[]): string[] {
  return members.map(
    ({ sid, quorumPort, electionPort, role = "participant" }) =>
      `server.${sid}=127.0.0.1:${quorumPort}:${electionPort}:${role}`,
  );
}

function zooCfg(
  dataDir: string,
  self: MemberAddress,
  members: readonly MemberAddress[] | undefined,
  lines: readonly string[],
): string {
  const said = new Set(lines.map((line) => line.split("=")[0]?.trim()));
  const defaults = [
    "tickTime=2000",
    "initLimit=10",
    "syncLimit=5",
    `dataDir=${dataDir}`,
    `clientPort=${self.clientPort}`,
    "clientPortAddress=127.0.0.1",
    "admin.enableServer=false",
    "4lw.commands.whitelist=*",
    ...(self.role === "observer" ? ["peerType=observer"] : []),
    ...memberLines(members ?? []),
  ];
  const kept = defaults.filter((line) => !said.has(line.split("=")[0]));
  return [...kept, ...lines].join("\n") + "\n";
}
