import { CreateFlag } from "../jute/op-code.ts";

// Source: org.apache.zookeeper.CreateMode.

export interface CreateMode {
  readonly isEphemeral: boolean;
  readonly isSequential: boolean;
  readonly isContainer: boolean;
  readonly isTtl: boolean;
}

const PERSISTENT: CreateMode = { isEphemeral: false, isSequential: false, isContainer: false, isTtl: false };

const MODES: ReadonlyMap<number, CreateMode> = new Map([
  [CreateFlag.persistent, PERSISTENT],
  [CreateFlag.ephemeral, { ...PERSISTENT, isEphemeral: true }],
  [CreateFlag.persistentSequential, { ...PERSISTENT, isSequential: true }],
  [CreateFlag.ephemeralSequential, { ...PERSISTENT, isEphemeral: true, isSequential: true }],
  [CreateFlag.container, { ...PERSISTENT, isContainer: true }],
  [CreateFlag.persistentTtl, { ...PERSISTENT, isTtl: true }],
  [CreateFlag.persistentSequentialTtl, { ...PERSISTENT, isSequential: true, isTtl: true }],
]);

/** The mode that a create request's flags ask for; undefined: there is no such mode. */
export function createMode(flags: number): CreateMode | undefined {
  return MODES.get(flags);
}

/** The ten digits after a sequential node's name, as Java's `%010d`. @param counter an int32: it wraps around */
export function sequenceSuffix(counter: number): string {
  return counter < 0 ? `-${String(-counter).padStart(9, "0")}` : String(counter).padStart(10, "0");
}
