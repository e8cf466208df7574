/** Ensembles of the original and of ours, as tests of clients see them. */
import { startEnsemble } from "../../../packages/zookeeper/src/ensemble/start-ensemble.ts";
import { isOriginalInstalled, startOriginal } from "../../../packages/zookeeper/src/testing/original.ts";

export interface ClusterOptions {
  /** 1 stands alone. */
  readonly size: number;
  /** Further lines of every zoo.cfg. */
  readonly lines?: readonly string[];
  /** Java system properties. */
  readonly properties?: Readonly<Record<string, string>>;
}

export interface Cluster extends AsyncDisposable {
  readonly connectString: string;
  /** For clients, in the order of the servers. */
  readonly ports: readonly number[];
  /** `kill -9`. @param index from 0 */
  kill(index: number): Promise<void>;
  /** Starts one that was killed; need not serve yet. */
  restart(index: number): Promise<void>;
  leader(): Promise<number | undefined>;
}

export interface ClusterKind {
  readonly name: string;
  readonly isHere: boolean;
  start(options: ClusterOptions): Promise<Cluster>;
}

/** Keeps the original quick to start and small. */
const JVM_FLAGS = ["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];

/** The original first: what fails there is the test's fault. */
export const CLUSTER_KINDS: readonly ClusterKind[] = [
  { name: "the original", isHere: isOriginalInstalled(), start: startTheirs },
  { name: "ours", isHere: true, start: startOurs },
];

async function startTheirs({ size, lines = [], properties = {} }: ClusterOptions): Promise<Cluster> {
  const flags = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`);
  const ensemble = await startOriginal({ size, lines, jvmFlags: [...JVM_FLAGS, ...flags] });
  return {
    connectString: ensemble.connectString,
    ports: ensemble.servers.map(({ clientPort }) => clientPort),
    kill: (index) => ensemble.server(index).kill(),
    restart: (index) => ensemble.server(index).restart(),
    leader: () => ensemble.leader(),
    [Symbol.asyncDispose]: () => ensemble.stop(),
  };
}

async function startOurs({ size, lines = [], properties = {} }: ClusterOptions): Promise<Cluster> {
  const ensemble = await startEnsemble({ size, tickTime: 2000, lines, properties });
  return {
    connectString: ensemble.connectString,
    ports: ensemble.servers.map(({ clientPort }) => clientPort),
    kill: (index) => ensemble.kill(index),
    restart: (index) => ensemble.restart(index),
    leader: () => ensemble.leader(),
    [Symbol.asyncDispose]: () => ensemble.stop(),
  };
}
