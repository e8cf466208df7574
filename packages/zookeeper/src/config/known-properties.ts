/**
 * The system properties that the original's server knows, by what they do here, so that a misspelt key can be told from a rare one
 * and nobody believes in a setting that does nothing.
 */

/** Read by this server; the test beside finds each in the code. */
const EFFECTIVE = wordsOf(`
4lw.commands.whitelist DigestAuthenticationProvider.digestAlg DigestAuthenticationProvider.enabled
DigestAuthenticationProvider.superDigest SASLAuthenticationProvider.superPassword X509AuthenticationProvider.superUser
admin.commandURL admin.enableServer admin.rateLimiterIntervalInMS admin.serverAddress admin.serverPort
admin.snapshot.enabled allowSaslFailedClients closeSessionTxn.enabled cnxTimeout commitLogCount datadir.autocreate
db.autocreate digest.enabled electionPortBindRetry emulate353TTLNodes enforce.auth.enabled enforce.auth.schemes enforceQuota
extendedTypesEnabled forceSnapshotSync forceSync fsync.warningthresholdms globalOutstandingLimit leaderServes
letAnySaslUserDoX maxCnxns nio.sessionlessCnxnTimeout preAllocSize root.logger sasl.serverconfig
sessionRequireClientSASLAuth skipACL snapCount snapSizeLimitInKb snapshot.compression.method snapshot.trust.empty
snapshotSizeFactor superUser txnLogSizeLimitInKb
`);
const EFFECTIVE_PREFIXES = ["ssl.", "authProvider.", "console.threshold"];

/** They tune threads, caches and buffers that are built otherwise here, or what programs that manage a JVM see. Nobody can notice. */
const SILENT = wordsOf(`
admin.httpVersion admin.idleTimeout bitHashCacheSize clientTcpKeepAlive commitProcessor.maxCommitBatchSize
commitProcessor.maxReadBatchSize commitProcessor.numWorkerThreads commitProcessor.shutdownTimeout fips-mode flushDelay
follower.nodelay follower.skipLearnerRequestToNextProcessor forward_learner_requests_to_commit_processor_disabled
intBufferStartingSizeBytes jmx.log4j.disable jmx.log4j.mbean leader.ackLoggingFrequency leader.closeSocketAsync
leader.nodelay learner.asyncSending learner.closeSocketAsync log.dir log.file maxBatchSize
maxGetChildrenResponseCacheSize maxInProcessingDeadWatchers maxResponseCacheSize maxWriteQueuePollTime
messageTracker.BufferSize messageTracker.Enabled netty.advancedFlowControl.enabled nio.directBufferBytes
nio.numSelectorThreads nio.numWorkerThreads nio.shutdownTimeout request_throttler.shutdownTimeout
serializeLastProcessedZxid.enabled serverCnxnFactory tcpKeepAlive watchManagerName watcherCleanIntervalInSeconds
watcherCleanThreadsNum watcherCleanThreshold
`);

/** They change what clients, peers or operators see of the original, and nothing here. */
const WITHOUT_EFFECT = wordsOf(`
IPAuthenticationProvider.usexforwardedfor admin.portUnification admin.restore.enabled audit.enable audit.impl.class
client.certReload client.portUnification connection_throttle_decrease_ratio connection_throttle_drop_decrease
connection_throttle_drop_increase connection_throttle_fill_count connection_throttle_fill_time
connection_throttle_freeze_time connection_throttle_global_session_weight connection_throttle_local_session_weight
connection_throttle_renew_session_weight connection_throttle_tokens connection_throttle_weight_enabled
connectionMaxTokens connectionTokenFillTime connectionTokenFillCount connectionFreezeTime connectionDropIncrease
connectionDropDecrease connectionDecreaseRatio enableEagerACLCheck ensembleAuthName fastleader.maxNotificationInterval
fastleader.minNotificationInterval kerberos.canonicalizeHostNames kerberos.removeHostFromPrincipal
kerberos.removeRealmFromPrincipal largeRequestMaxBytes largeRequestThreshold leader.maxConcurrentDiffSyncs
leader.maxConcurrentSnapSyncs leader.maxTimeToWaitForEpoch leaderConnectDelayDuringRetryMs
netty.server.earlyDropSecureConnectionHandshakes netty.server.outstandingHandshake.limit observer.election.DelayMs
observer.reconnectDelayMs observer.syncEnabled observerMaster.sizeLimit pathStats.delay pathStats.enabled
pathStats.initialDelay pathStats.maxDepth pathStats.sampleRate pathStats.slotCapacity pathStats.slotDuration
pathStats.topPathMax quorumCnxnTimeoutMs request_stale_connection_check request_stale_latency_check
request_throttle_drop_stale request_throttle_max_requests request_throttle_stall_time requireKerberosConfig
requestStaleConnectionCheck requestStaleLatencyCheck requestThrottleDropStale requestThrottleLimit
requestThrottleStallTime sasl.client.canonicalize.hostname security.auth_to_local server.principal server.realm
throttled_op_wait_time
`);

/** With `true` they restrict access or encrypt: a server that skipped them would be open where its operator believes it closed. */
const PROTECTING: ReadonlySet<string> = new Set(["admin.forceHttps", "admin.needClientAuth"]);

/** Properties that the original reads without `zookeeper.` only: in zoo.cfg they do nothing. */
const ONLY_AS_FLAG = wordsOf(`
jute.maxbuffer readonlymode.enabled znode.container.checkIntervalMs znode.container.maxPerMinute
znode.container.maxNeverUsedIntervalMs java.security.auth.login.config
`);

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ""));
}

export interface PropertyProblem {
  /** Keeps the server from starting; otherwise it is told. */
  readonly isFatal: boolean;
  readonly message: string;
}

/** What to tell the person about a property `zookeeper.<name>`, if anything. */
export function problemWithProperty(name: string, value: string): PropertyProblem | undefined {
  if (PROTECTING.has(name)) {
    if (value.trim().toLowerCase() !== "true") return undefined;
    return { isFatal: true, message: `${name}=true is not supported, and without it the server is open; leave it out` };
  }
  if (EFFECTIVE.has(name) || SILENT.has(name)) return undefined;
  if (name.startsWith("ssl.quorum.")) return { isFatal: false, message: `${name} has no effect here` };
  if (EFFECTIVE_PREFIXES.some((prefix) => name.startsWith(prefix))) return undefined;
  if (WITHOUT_EFFECT.has(name)) return { isFatal: false, message: `${name} has no effect here` };
  return {
    isFatal: false,
    message: `unknown key ${name}: it sets the property zookeeper.${name}, which nothing reads`,
  };
}

/** The same for a key of zoo.cfg that is none of its own. */
export function problemWithKey(key: string, value: string): PropertyProblem | undefined {
  if (ONLY_AS_FLAG.has(key)) {
    const message = `${key} has no effect in this file; give it to the server as -D${key}=… (SERVER_JVMFLAGS)`;
    return { isFatal: false, message };
  }
  const problem = problemWithProperty(key, value);
  const bare = key.replace(/^zookeeper\./, "");
  if (problem === undefined || bare === key || !isKnown(bare)) return problem;
  return { isFatal: false, message: `${problem.message}; write ${bare}` };
}

function isKnown(name: string): boolean {
  return problemWithProperty(name, "")?.message.startsWith("unknown") !== true;
}

/** For the test that finds each of them where it is read. */
export const effectiveProperties: ReadonlySet<string> = EFFECTIVE;
