/** What a server tells of the machine and the process it runs in. Not there in the simulator. */
export interface Machine {
  /** For `envi` and the first lines of the log, in order. */
  environment(): ReadonlyArray<readonly [key: string, value: string]>;
  /** Undefined where the system does not say. */
  openFileDescriptors(): number | undefined;
  maxFileDescriptors(): number | undefined;
}
