/**
 * The election port: connections between the members, and the election that runs on them.
 *
 * Source: org.apache.zookeeper.server.quorum.QuorumCnxManager. Between two servers there is one connection, which the one with
 * the larger sid made: it drops a connection of the smaller one and calls back.
 */
import type { Clock, Connection, Log, Net, NetAddress, Resolver, Timer } from "@ordinal/io";
import { hasCode, InvariantError, RefusedError } from "@ordinal/kit";

import type { QuorumConfig } from "../config/quorum-config.ts";
import type { Zxid } from "../jute/zxid.ts";
import { AddressBook } from "./address-book-shell.ts";
import { ElectionConnection, type ElectionConnectionOwner } from "./connection-shell.ts";
import { Election, type ElectionOutput } from "./election.ts";
import { encodeInitialMessage, type HostPort, type InitialMessage } from "./initial-message.ts";
import { ElectionListener } from "./listener-shell.ts";
import { decodeNotification, encodeNotification } from "./notification.ts";
import type { SettledState, Vote } from "./vote.ts";

/** `zookeeper.cnxTimeout`: for connecting to one address, and for a stranger to introduce itself. */
export const CNX_TIMEOUT_MS = 5000;
/** `zookeeper.electionPortBindRetry`. */
export const BIND_TRIES = 3;
/** While a server looks for a leader it tries members that it has no connection with this often. */
const RECONNECT_MS = 1000;
/** How long a larger sid has to call back before it is asked again. */
const CALLBACK_MS = 500;
/** Connections that have not said who they are; the oldest goes. */
const STRANGERS_MAX = 64;
/** Connections with servers that are in no configuration (one that joins by a reconfiguration); the oldest goes. */
const OUTSIDERS_MAX = 16;

export interface ElectionPortOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly log: Log;
  readonly sid: number;
  /** Holds this server, unless it is about to join. */
  readonly config: QuorumConfig;
  readonly nextConfig?: QuorumConfig | undefined;
  /** `quorumListenOnAllIPs`, default false: the port is opened at this server's own address in the configuration. */
  readonly listenOnAllIps?: boolean;
  readonly cnxTimeoutMs?: number;
  readonly bindTries?: number;
  readonly finalizeWaitMs?: number;
  readonly retryMinMs?: number;
  readonly retryMaxMs?: number;
  /** A member knows a newer configuration while this server looks for a leader. Store it and call `replaceConfig`. */
  readonly onNewerConfig?: (config: QuorumConfig, from: number) => void;
  /** While this server is settled, that voter looks for a leader. */
  readonly onPeerLooking?: (sid: number) => void;
}

export class ElectionPort implements ElectionConnectionOwner {
  readonly #options: ElectionPortOptions;
  readonly #sid: number;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #book: AddressBook;
  readonly #election: Election;
  #config: QuorumConfig;
  #nextConfig: QuorumConfig | undefined;
  #listener: ElectionListener;
  readonly #strangers = new Map<ElectionConnection, Timer>();
  readonly #links = new Map<number, ElectionConnection>();
  /** The newest notification for servers that there is no connection with yet. */
  readonly #waiting = new Map<number, Uint8Array>();
  readonly #calling = new Set<number>();
  /** Until when larger sids, which were asked to call back, are left alone. */
  readonly #calledBackBy = new Map<number, number>();
  readonly #farewells = new Set<Connection>();
  #search: { resolve(vote: Vote): void; reject(error: Error): void } | undefined;
  #timer: Timer | undefined;
  #timerAtMs: number | undefined;
  #reconnectAtMs = 0;
  #closed = false;

  constructor(options: ElectionPortOptions) {
    this.#options = options;
    this.#sid = options.sid;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#book = new AddressBook(options.resolver, options.log);
    this.#config = options.config;
    this.#nextConfig = options.nextConfig;
    this.#election = new Election(options);
    if (options.nextConfig !== undefined) {
      this.#election.replaceConfig(options.config, options.nextConfig, this.#clock.monotonic());
    }
    this.#listener = this.#newListener();
  }

  /** Resolves once the port is open; rejects with the system's error if it cannot be. */
  async start(): Promise<void> {
    await this.#listener.open(this.#ownAddress());
  }

  /** Ends everything; a search under way rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.stopLooking();
    this.#timer?.cancel();
    for (const connection of [...this.#strangers.keys(), ...this.#links.values()]) connection.dismiss();
    for (const connection of this.#farewells) connection.destroy();
    for (const timer of this.#strangers.values()) timer.cancel();
    this.#strangers.clear();
    this.#links.clear();
    this.#waiting.clear();
    await this.#listener.close();
  }

  /**
   * Takes part in an election until a leader is elected, which may be this server. Settles by itself: servers that look for a
   * leader are told this result from then on. Rejects with a `RefusedError` with code `STOPPED` on `stopLooking` and `close`.
   *
   * @param my the last zxid in this server's log, and its current epoch
   */
  lookForLeader(my: { readonly zxid: Zxid; readonly peerEpoch: number }): Promise<Vote> {
    if (this.#search !== undefined) throw new InvariantError("INVARIANT_BROKEN", "it looks for a leader already");
    if (this.#closed) return Promise.reject(stopped());
    return new Promise((resolve, reject) => {
      this.#search = { resolve, reject };
      this.#reconnectAtMs = this.#clock.monotonic() + RECONNECT_MS;
      this.#election.look(my, this.#clock.monotonic());
      this.#act();
    });
  }

  stopLooking(): void {
    const search = this.#search;
    this.#search = undefined;
    if (search !== undefined) this.#election.stopLooking();
    search?.reject(stopped());
  }

  /** What servers that look for a leader are told: call it when the leader's epoch is settled, with that as `peerEpoch`. */
  settle(state: SettledState, vote: Vote): void {
    if (this.#search !== undefined) throw new InvariantError("INVARIANT_BROKEN", "it looks for a leader");
    this.#election.settle(state, vote);
  }

  /**
   * Other members from now on; an election under way starts anew.
   *
   * @param nextConfig proposed and not committed: its quorum is needed too
   */
  replaceConfig(config: QuorumConfig, nextConfig?: QuorumConfig): void {
    const before = this.#ownAddress();
    this.#config = config;
    this.#nextConfig = nextConfig;
    this.#book.keep(new Set([...config.members.values(), ...(nextConfig?.members.values() ?? [])].map((m) => m.host)));
    const own = this.#ownAddress();
    if (own.host !== before.host || own.port !== before.port) void this.#moveListener(own);
    this.#election.replaceConfig(config, nextConfig, this.#clock.monotonic());
    this.#act();
  }

  /** The address at which a server is that votes here now; undefined without a connection. */
  hostOf(sid: number): string | undefined {
    return this.#links.get(sid)?.remoteHost;
  }

  introduced(connection: ElectionConnection, message: InitialMessage): void {
    this.#forgetStranger(connection);
    const { sid } = message;
    if (sid === this.#sid) {
      this.#log.warn("election-own-sid", { sid, remote: connection.remote });
      connection.dismiss();
    } else if (sid > this.#sid) {
      this.#link(sid, connection);
    } else {
      connection.dismiss();
      // Its process may be another one than that which this server is still connected with.
      this.#links.get(sid)?.dismiss();
      this.#links.delete(sid);
      this.#call(sid, message.addresses);
    }
  }

  heard(connection: ElectionConnection, frame: Uint8Array): void {
    const { sid } = connection;
    if (sid === undefined || this.#links.get(sid) !== connection) return;
    const notification = decodeNotification(frame);
    if (notification === undefined) return;
    const { state, leader, zxid, electionEpoch, peerEpoch } = notification;
    this.#log.debug("notification", { from: sid, state, leader, zxid, electionEpoch, peerEpoch });
    this.#election.receive(sid, notification, this.#clock.monotonic());
    this.#act();
  }

  over(connection: ElectionConnection, reason: string | undefined): void {
    this.#forgetStranger(connection);
    const { sid } = connection;
    if (reason !== undefined) this.#log.warn("election-connection-ended", { sid, remote: connection.remote, reason });
    if (sid === undefined || this.#links.get(sid) !== connection) return;
    this.#links.delete(sid);
    this.#log.debug("election-connection-lost", { sid });
    // Whether the process is gone shows at once; who hangs up at once has to wait.
    const isOld = this.#clock.monotonic() - connection.sinceMs >= RECONNECT_MS;
    if (isOld && this.#election.isLooking && this.#isMember(sid)) this.#call(sid);
  }

  /** Does what the election wants, and sets the timer. */
  #act(): void {
    for (let outputs = this.#election.takeOutputs(); outputs.length > 0; outputs = this.#election.takeOutputs()) {
      for (const output of outputs) this.#do(output);
    }
    this.#setTimer();
  }

  #do(output: ElectionOutput): void {
    switch (output.kind) {
      case "send":
        this.#send(
          output.to,
          encodeNotification({ ...output.vote, state: output.state, configText: this.#configText }),
        );
        break;
      case "decided": {
        const { leader, zxid, electionEpoch, peerEpoch } = output.vote;
        this.#log.info("elected", { state: output.state, leader, zxid, electionEpoch, peerEpoch });
        const search = this.#search;
        this.#search = undefined;
        search?.resolve(output.vote);
        break;
      }
      case "newer-config":
        this.#log.info("newer-config", { from: output.from, version: output.config.version });
        this.#options.onNewerConfig?.(output.config, output.from);
        break;
      case "peer-looking":
        this.#options.onPeerLooking?.(output.from);
        break;
      case "ignored":
        this.#log.warn("notification-ignored", { from: output.from, reason: output.reason });
        break;
    }
  }

  get #configText(): string {
    return this.#config.toString();
  }

  #send(to: number, frame: Uint8Array): void {
    const link = this.#links.get(to);
    if (link !== undefined) {
      link.send(frame);
    } else if (this.#isMember(to)) {
      this.#waiting.set(to, frame);
      this.#call(to);
    }
  }

  #setTimer(): void {
    const deadlineMs = this.#closed ? undefined : this.#election.deadlineMs;
    const atMs = deadlineMs === undefined ? undefined : Math.min(deadlineMs, this.#reconnectAtMs);
    if (atMs === this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAtMs = atMs;
    if (atMs === undefined) return;
    this.#timer = this.#clock.setTimer(Math.max(0, atMs - this.#clock.monotonic()), () => {
      this.#timerAtMs = undefined;
      this.#tick();
    });
  }

  #tick(): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs >= this.#reconnectAtMs) {
      this.#reconnectAtMs = nowMs + RECONNECT_MS;
      for (const sid of this.#config.voters) if (sid !== this.#sid) this.#call(sid);
    }
    this.#election.tick(nowMs);
    this.#act();
  }

  #accept(connection: Connection): void {
    if (this.#closed) {
      connection.destroy();
      return;
    }
    const stranger = new ElectionConnection(connection, this, undefined, this.#clock.monotonic());
    const timer = this.#clock.setTimer(this.#timeoutMs, () => this.#dropStranger(stranger));
    this.#strangers.set(stranger, timer);
    const [oldest] = this.#strangers.keys();
    if (this.#strangers.size > STRANGERS_MAX && oldest !== undefined) this.#dropStranger(oldest);
  }

  #dropStranger(stranger: ElectionConnection): void {
    this.#forgetStranger(stranger);
    stranger.dismiss();
  }

  #forgetStranger(stranger: ElectionConnection): void {
    this.#strangers.get(stranger)?.cancel();
    this.#strangers.delete(stranger);
  }

  /** This connection is the one with that server now. */
  #link(sid: number, connection: ElectionConnection): void {
    this.#links.get(sid)?.dismiss();
    this.#links.delete(sid);
    this.#links.set(sid, connection);
    this.#calledBackBy.delete(sid);
    const outsiders = [...this.#links].filter(([other]) => !this.#isMember(other));
    const [oldest] = outsiders;
    if (outsiders.length > OUTSIDERS_MAX && oldest !== undefined) {
      oldest[1].dismiss();
      this.#links.delete(oldest[0]);
    }
    const waiting = this.#waiting.get(sid);
    this.#waiting.delete(sid);
    // A vote that waited is said anew, as it is now.
    if (waiting !== undefined && !this.#election.isLooking) connection.send(waiting);
    this.#election.connected(sid);
    this.#act();
  }

  /** Connects with a server unless that is done or under way. */
  #call(sid: number, advertised: readonly HostPort[] = []): void {
    if (this.#closed || this.#links.has(sid) || this.#calling.has(sid)) return;
    if (this.#clock.monotonic() < (this.#calledBackBy.get(sid) ?? 0)) return;
    if (!this.#isMember(sid) && (advertised.length === 0 || this.#calling.size >= OUTSIDERS_MAX)) return;
    this.#calling.add(sid);
    void this.#connect(sid, advertised).finally(() => this.#calling.delete(sid));
  }

  async #connect(sid: number, advertised: readonly HostPort[]): Promise<void> {
    let isRefused: boolean | undefined;
    for (const address of await this.#addressesOf(sid, advertised)) {
      if (this.#closed || this.#links.has(sid)) return;
      try {
        const connection = await this.#options.net.connect(address, { timeoutMs: this.#timeoutMs });
        this.#connected(sid, connection);
        return;
      } catch (error) {
        this.#log.debug("election-connection-failed", { sid, host: address.host, port: address.port, error });
        isRefused = (isRefused ?? true) && (hasCode(error, "ECONNREFUSED") || hasCode(error, "ECONNRESET"));
      }
    }
    if (isRefused === true && !this.#closed && !this.#links.has(sid)) {
      this.#election.refused(sid, this.#clock.monotonic());
      this.#act();
    }
  }

  #connected(sid: number, connection: Connection): void {
    if (this.#closed || this.#links.has(sid)) {
      connection.destroy();
      return;
    }
    connection.send(encodeInitialMessage(this.#sid, this.#ownAddress()));
    if (sid < this.#sid) {
      this.#link(sid, new ElectionConnection(connection, this, sid, this.#clock.monotonic()));
      return;
    }
    this.#calledBackBy.set(sid, this.#clock.monotonic() + CALLBACK_MS);
    connection.close();
    this.#farewells.add(connection);
    this.#clock.setTimer(this.#timeoutMs, () => {
      connection.destroy();
      this.#farewells.delete(connection);
    });
  }

  async #addressesOf(sid: number, advertised: readonly HostPort[]): Promise<NetAddress[]> {
    const known = [this.#config, this.#nextConfig].flatMap((config) => config?.members.get(sid) ?? []);
    const wanted = [...known.map((member) => ({ host: member.host, port: member.electionPort })), ...advertised];
    const addresses = new Map<string, NetAddress>();
    for (const one of wanted) {
      for (const found of await this.#book.find(sid, one)) addresses.set(`${found.host} ${found.port}`, found);
    }
    return [...addresses.values()];
  }

  #isMember(sid: number): boolean {
    return this.#config.members.has(sid) || this.#nextConfig?.members.has(sid) === true;
  }

  #ownAddress(): HostPort {
    const own = this.#config.members.get(this.#sid) ?? this.#nextConfig?.members.get(this.#sid);
    return { host: own?.host ?? "0.0.0.0", port: own?.electionPort ?? 0 };
  }

  get #timeoutMs(): number {
    return this.#options.cnxTimeoutMs ?? CNX_TIMEOUT_MS;
  }

  #newListener(): ElectionListener {
    const { net, clock, listenOnAllIps = false, bindTries = BIND_TRIES } = this.#options;
    const accept = (connection: Connection): void => this.#accept(connection);
    return new ElectionListener({
      net,
      clock,
      log: this.#log,
      book: this.#book,
      sid: this.#sid,
      listenOnAllIps,
      bindTries,
      accept,
    });
  }

  async #moveListener(own: HostPort): Promise<void> {
    const before = this.#listener;
    this.#listener = this.#newListener();
    await before.close();
    // Its failure is in the log, and the next election will be without others' calls.
    await this.#listener.open(own).catch(() => {});
  }
}

function stopped(): RefusedError {
  return new RefusedError("STOPPED", "the search for a leader was stopped");
}
