/**
 * The system properties that the original's server knows, so that a misspelt key in zoo.cfg can be told from a rare one.
 */
const NAMES = `
4lw.commands.whitelist DigestAuthenticationProvider.digestAlg DigestAuthenticationProvider.enabled
DigestAuthenticationProvider.superDigest IPAuthenticationProvider.usexforwardedfor SASLAuthenticationProvider.superPassword
X509AuthenticationProvider.superUser admin.commandURL admin.enableServer admin.forceHttps admin.httpVersion admin.idleTimeout
admin.needClientAuth admin.portUnification admin.rateLimiterIntervalInMS admin.restore.enabled admin.serverAddress
admin.serverPort admin.snapshot.enabled allowSaslFailedClients audit.enable audit.impl.class bitHashCacheSize
client.certReload client.portUnification clientTcpKeepAlive closeSessionTxn.enabled cnxTimeout commitLogCount
commitProcessor.maxCommitBatchSize commitProcessor.maxReadBatchSize commitProcessor.numWorkerThreads
commitProcessor.shutdownTimeout connection_throttle_decrease_ratio connection_throttle_drop_decrease
connection_throttle_drop_increase connection_throttle_fill_count connection_throttle_fill_time
connection_throttle_freeze_time connection_throttle_global_session_weight connection_throttle_local_session_weight
connection_throttle_renew_session_weight connection_throttle_tokens connection_throttle_weight_enabled
connectionMaxTokens connectionTokenFillTime connectionTokenFillCount connectionFreezeTime connectionDropIncrease
connectionDropDecrease connectionDecreaseRatio datadir.autocreate db.autocreate digest.enabled electionPortBindRetry
emulate353TTLNodes enableEagerACLCheck enforce.auth.enabled enforce.auth.schemes enforceQuota ensembleAuthName
extendedTypesEnabled fastleader.maxNotificationInterval fastleader.minNotificationInterval fips-mode flushDelay
follower.nodelay follower.skipLearnerRequestToNextProcessor forceSnapshotSync forceSync
forward_learner_requests_to_commit_processor_disabled fsync.warningthresholdms globalOutstandingLimit
intBufferStartingSizeBytes jmx.log4j.disable jmx.log4j.mbean kerberos.canonicalizeHostNames
kerberos.removeHostFromPrincipal kerberos.removeRealmFromPrincipal largeRequestMaxBytes largeRequestThreshold
leader.ackLoggingFrequency leader.closeSocketAsync leader.maxConcurrentDiffSyncs leader.maxConcurrentSnapSyncs
leader.maxTimeToWaitForEpoch leader.nodelay leaderConnectDelayDuringRetryMs leaderServes learner.asyncSending
learner.closeSocketAsync letAnySaslUserDoX log.dir log.file maxBatchSize maxCnxns maxGetChildrenResponseCacheSize
maxInProcessingDeadWatchers maxResponseCacheSize maxWriteQueuePollTime messageTracker.BufferSize messageTracker.Enabled
netty.advancedFlowControl.enabled netty.server.earlyDropSecureConnectionHandshakes
netty.server.outstandingHandshake.limit nio.directBufferBytes nio.numSelectorThreads nio.numWorkerThreads
nio.sessionlessCnxnTimeout nio.shutdownTimeout observer.election.DelayMs observer.reconnectDelayMs observer.syncEnabled
observerMaster.sizeLimit pathStats.delay pathStats.enabled pathStats.initialDelay pathStats.maxDepth pathStats.sampleRate
pathStats.slotCapacity pathStats.slotDuration pathStats.topPathMax preAllocSize quorumCnxnTimeoutMs request.timeout
request_stale_connection_check request_stale_latency_check request_throttle_drop_stale request_throttle_max_requests
request_throttle_stall_time request_throttler.shutdownTimeout requireKerberosConfig requestStaleConnectionCheck
requestStaleLatencyCheck requestThrottleDropStale requestThrottleLimit requestThrottleStallTime root.logger
sasl.client.canonicalize.hostname sasl.serverconfig security.auth_to_local serializeLastProcessedZxid.enabled
server.principal server.realm serverCnxnFactory sessionRequireClientSASLAuth skipACL snapCount snapSizeLimitInKb
snapshot.compression.method snapshot.trust.empty snapshotSizeFactor superUser tcpKeepAlive throttled_op_wait_time
txnLogSizeLimitInKb watchManagerName watcherCleanIntervalInSeconds watcherCleanThreadsNum watcherCleanThreshold
`;

const KNOWN: ReadonlySet<string> = new Set(NAMES.split(/\s+/).filter((name) => name !== ""));
const KNOWN_PREFIXES = ["ssl.", "authProvider.", "sasl.", "quorum.auth."];

/** Properties that the original reads without `zookeeper.` only: in zoo.cfg they do nothing. */
const ONLY_AS_FLAG: ReadonlySet<string> = new Set([
  "jute.maxbuffer",
  "readonlymode.enabled",
  "znode.container.checkIntervalMs",
  "znode.container.maxPerMinute",
  "znode.container.maxNeverUsedIntervalMs",
  "java.security.auth.login.config",
]);

/** Undefined if a zoo.cfg key that is none of its own names a property of the server; else what to tell the person. */
export function problemWithKey(key: string): string | undefined {
  if (ONLY_AS_FLAG.has(key)) {
    return `${key} has no effect in this file; give it to the server as -D${key}=… (SERVER_JVMFLAGS)`;
  }
  if (KNOWN.has(key) || KNOWN_PREFIXES.some((prefix) => key.startsWith(prefix))) return undefined;
  const bare = key.replace(/^zookeeper\./, "");
  if (bare !== key && problemWithKey(bare) === undefined) {
    return `unknown key ${key}: it sets the property zookeeper.${key}, which nothing reads; write ${bare}`;
  }
  return `unknown key ${key}: it sets the property zookeeper.${key}, which nothing reads`;
}
