/** Whether there are TTL nodes and digests is an option of the database's tree. */
export interface PrepareOptions {
  /** `zookeeper.enforceQuota`, default false: hard limits refuse. */
  readonly enforceQuota: boolean;
  /** `zookeeper.closeSessionTxn.enabled`, default true: closeSession lists the ephemerals that go. */
  readonly closeSessionTxnEnabled: boolean;
  /** `reconfigEnabled`, default false. */
  readonly reconfigEnabled: boolean;
  /** `standaloneEnabled`, default true: an ensemble may not shrink below two voters. */
  readonly standaloneEnabled: boolean;
}

/** The original's defaults. */
export const PREPARE_DEFAULTS: PrepareOptions = {
  enforceQuota: false,
  closeSessionTxnEnabled: true,
  reconfigEnabled: false,
  standaloneEnabled: true,
};
