import type { Connection } from "@ordinal/io";

import type { PeerParts } from "./peer-parts.ts";

/**
 * The leader may learn of its election later than this server does. The original tries five times, 100 ms (before 3.6: a second) apart;
 * here a try that is refused costs next to nothing, so it is repeated sooner, and for longer: a JVM may be slow.
 */
const WINDOW_MS = 2000;
const BACKOFF_MIN_MS = 5;
const BACKOFF_MAX_MS = 100;

/**
 * A connection to the leader's quorum port, or why there is none. Names are looked up anew at each try. While the leader's does not
 * resolve, the address is tried that its votes come from: where names appear only once a pod is ready, as behind a headless service,
 * no new ensemble would get a leader before its servers are called ready without one.
 */
export async function connectToLeader(
  parts: PeerParts,
  leader: number,
  isOver: () => boolean,
): Promise<Connection | string> {
  const { net, clock, log, membership, config, addresses } = parts;
  const member = membership.current.members.get(leader) ?? membership.lastSeen.members.get(leader);
  if (member === undefined) return `couldn't find the leader with id = ${leader}`;
  const limitTicks = config.connectToLearnerMasterLimit > 0 ? config.connectToLearnerMasterLimit : config.initLimit;
  const limitMs = limitTicks * config.tickTime;
  const startMs = clock.monotonic();
  const windowMs = Math.min(WINDOW_MS, limitMs);
  let problem = "its name does not resolve";
  for (let backoffMs = BACKOFF_MIN_MS; !isOver(); backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS)) {
    const found = await addresses.find(leader, { host: member.host, port: member.quorumPort });
    const votesFrom = parts.electionHostOf(leader);
    if (found.length === 0 && votesFrom !== undefined) {
      log.info("leader-by-its-votes", { leader, host: votesFrom, port: member.quorumPort });
      found.push({ host: votesFrom, port: member.quorumPort });
    }
    for (const address of found) {
      if (isOver()) break;
      const timeoutMs = Math.max(1, limitMs - (clock.monotonic() - startMs));
      try {
        return await net.connect(address, { timeoutMs });
      } catch (error) {
        problem = (error as Error).message;
        log.debug("leader-not-reached", { leader, ...address, error });
      }
    }
    if (clock.monotonic() - startMs + backoffMs >= windowMs) break;
    await new Promise<void>((resolve) => {
      clock.setTimer(backoffMs, resolve);
    });
  }
  return `failed to connect to the leader ${leader} at ${member.host}:${member.quorumPort}: ${problem}`;
}
