import { assert, SeededRandom } from "@ordinal/kit";

import { Member, QuorumConfig } from "../../config/quorum-config.ts";
import { OpCode } from "../../jute/op-code.ts";
import { makeTxn, type Txn } from "../../jute/txn-records.ts";
import { ZERO_ZXID, type Zxid, zxidHex } from "../../jute/zxid.ts";
import { CommittedLog } from "../committed-log.ts";
import { Leader } from "../leader.ts";
import { Learner } from "../learner.ts";
import { Membership } from "../membership.ts";
import type { QuorumPacket } from "../packet.ts";

/** What of a server a crash leaves. */
interface Disk {
  log: Txn[];
  acceptedEpoch: number;
  currentEpoch: number;
  /** The history that a snapshot holds, under the log. */
  snapshot: readonly Txn[];
}

type Wire = QuorumPacket | { readonly snapshot: readonly Txn[] };

interface Pipe {
  readonly toLearner: Wire[];
  readonly toLeader: Wire[];
  readonly leader: Node;
  readonly learner: Node;
  readonly id: number;
  isOpen: boolean;
}

interface DiskOperation {
  readonly do: (disk: Disk) => void;
  readonly done: (() => void) | undefined;
}

/** One server: the cores, with the work of their shells done in the simplest way that is right. */
export class Node {
  readonly sid: number;
  readonly disk: Disk = { log: [], acceptedEpoch: 0, currentEpoch: 0, snapshot: [] };
  readonly committedLog: CommittedLog;
  readonly membership: Membership;
  isAlive = true;
  /** Under way to the disk, in order. */
  operations: DiskOperation[] = [];
  /** All that is in the tree. */
  tree: Txn[] = [];
  treeZxid: Zxid = ZERO_ZXID;
  received: Txn[] | undefined;
  leader: Leader | undefined;
  learner: Learner | undefined;
  pipe: Pipe | undefined;
  /** What it told clients, or would have: applied while serving. */
  isServing = false;
  role = 0;

  constructor(sid: number, config: QuorumConfig, isObserver: boolean, window: number) {
    this.sid = sid;
    this.committedLog = new CommittedLog(window);
    this.membership = new Membership({ sid, reconfigEnabled: false, current: config, isObserver });
  }

  get isLooking(): boolean {
    return this.isAlive && this.leader === undefined && this.learner === undefined;
  }
}

export interface Seen {
  elections: number;
  established: number;
  diff: number;
  trunc: number;
  snap: number;
  crashes: number;
  cuts: number;
  committed: number;
}

/**
 * Cores wired together without shells: every packet, every write to a disk and every fault is one step, and chance says which
 * comes next. Checks after each that committed histories agree and that nothing committed is lost.
 */
export class CoreEnsemble {
  readonly random: SeededRandom;
  readonly nodes: Node[];
  readonly config: QuorumConfig;
  readonly seen: Seen = {
    elections: 0,
    established: 0,
    diff: 0,
    trunc: 0,
    snap: 0,
    crashes: 0,
    cuts: 0,
    committed: 0,
  };
  /** What any leader has committed, in order. */
  readonly history: Txn[] = [];
  nowMs = 0;
  #pipes: Pipe[] = [];
  #nextPipe = 1;
  #nextValue = 1;

  constructor(seed: number, voters: number, observers = 0, window = 6) {
    this.random = new SeededRandom(seed);
    const sids = Array.from({ length: voters + observers }, (_, at) => at + 1);
    const members = sids.map(
      (sid) =>
        new Member({
          sid,
          host: `s${sid}`,
          quorumPort: 2888,
          electionPort: 3888,
          role: sid <= voters ? "participant" : "observer",
        }),
    );
    this.config = new QuorumConfig({ members });
    this.nodes = sids.map((sid) => new Node(sid, this.config, sid > voters, window));
  }

  /** One step of chance. @param faults how likely a fault is, of 1 */
  step(faults: number): void {
    this.nowMs += 1;
    const roll = this.random.float();
    if (roll < faults) this.#fault();
    else if (roll < faults + 0.03) this.#elect();
    else if (roll < faults + 0.15) this.#propose();
    else if (roll < faults + 0.4) this.#disk();
    else this.#deliver();
    for (const node of this.nodes) this.act(node);
    this.check();
  }

  /** Without faults, until everybody has everything. */
  converge(): void {
    for (const node of this.nodes) if (!node.isAlive) this.#start(node);
    for (let step = 0; step < 20_000; step++) {
      this.nowMs += 1;
      if (step % 50 === 0) this.#elect();
      this.#disk();
      this.#deliver();
      for (const node of this.nodes) this.act(node);
      this.check();
      if (step % 20 === 0 && this.#isConverged()) return;
    }
    throw new Error(
      `no convergence: ${this.nodes.map((node) => `${node.sid}:${node.leader?.phase ?? node.learner?.phase ?? "looking"}`).join(" ")}`,
    );
  }

  check(): void {
    for (const node of this.nodes) {
      if (!node.isServing) continue;
      const { tree } = node;
      for (let at = 0; at < Math.min(tree.length, this.history.length); at++) {
        if (tree[at]?.header.zxid !== this.history[at]?.header.zxid) {
          throw new Error(
            `server ${node.sid} has ${zxidHex(tree[at]?.header.zxid ?? ZERO_ZXID)} where ${zxidHex(this.history[at]?.header.zxid ?? ZERO_ZXID)} was committed`,
          );
        }
      }
    }
  }

  #isConverged(): boolean {
    const leader = this.nodes.find((node) => node.leader?.phase === "broadcast");
    if (leader === undefined || leader.leader?.outstandingCount !== 0) return false;
    return this.nodes.every(
      (node) => (node === leader || node.learner?.phase === "up") && node.tree.length === leader.tree.length,
    );
  }

  #any<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.random.between(0, items.length - 1)];
  }

  // Faults

  #fault(): void {
    const roll = this.random.float();
    if (roll < 0.35) {
      const node = this.#any(this.nodes.filter((one) => one.isAlive));
      if (node !== undefined) this.#crash(node);
    } else if (roll < 0.7) {
      const node = this.#any(this.nodes.filter((one) => !one.isAlive));
      if (node !== undefined) this.#start(node);
    } else {
      const pipe = this.#any(this.#pipes);
      if (pipe !== undefined) this.#cut(pipe);
    }
  }

  #crash(node: Node): void {
    this.seen.crashes++;
    // Of what was under way any first part is on disk.
    const survivors = this.random.between(0, node.operations.length);
    for (const operation of node.operations.slice(0, survivors)) operation.do(node.disk);
    node.operations = [];
    node.isAlive = false;
    node.isServing = false;
    node.leader = undefined;
    node.learner = undefined;
    node.received = undefined;
    for (const pipe of this.#pipes) if (pipe.leader === node || pipe.learner === node) this.#cut(pipe);
  }

  #start(node: Node): void {
    node.isAlive = true;
    node.tree = [...node.disk.snapshot, ...node.disk.log];
    node.treeZxid = node.tree.at(-1)?.header.zxid ?? ZERO_ZXID;
    node.committedLog.clear();
    for (const txn of node.tree) node.committedLog.add(txn);
  }

  #cut(pipe: Pipe): void {
    if (!pipe.isOpen) return;
    this.seen.cuts++;
    pipe.isOpen = false;
    this.#pipes = this.#pipes.filter((other) => other !== pipe);
    pipe.leader.leader?.closed(pipe.id);
    this.act(pipe.leader);
    if (pipe.learner.pipe === pipe) this.#endRole(pipe.learner);
  }

  /** As the shells: what was handed to the log gets there, and into the tree. */
  #endRole(node: Node): void {
    const { leader, learner } = node;
    if (leader === undefined && learner === undefined) return;
    node.isServing = false;
    node.leader = undefined;
    node.learner = undefined;
    node.role++;
    node.received = undefined;
    for (const pipe of this.#pipes) if (pipe.leader === node || pipe.learner === node) this.#cut(pipe);
    for (const operation of node.operations.splice(0)) {
      operation.do(node.disk);
      operation.done?.(); // their role is over: only what they do to the tree counts
    }
    for (const txn of (leader ?? learner)?.outstanding() ?? []) this.#apply(node, txn, true);
  }

  // Progress

  /** A quorum of those that look agrees on the best of them. */
  #elect(): void {
    const running = this.nodes.find(
      (node) => node.leader !== undefined && node.leader.phase !== "stopped" && node.isAlive,
    );
    const looking = this.nodes.filter((node) => node.isLooking);
    const [first] = looking;
    if (first === undefined) return;
    if (running !== undefined) {
      for (const node of looking) this.#follow(node, running);
      return;
    }
    const voters = looking.filter((node) => this.config.voters.has(node.sid));
    if (!this.config.hasQuorum(voters.map((node) => node.sid))) return;
    this.seen.elections++;
    const best = voters.reduce((a, b) => (isBetter(b, a) ? b : a));
    best.leader = new Leader(
      {
        membership: best.membership,
        limits: { tickTimeMs: 100_000, initLimit: 10, syncLimit: 5 },
        acceptedEpoch: best.disk.acceptedEpoch,
        currentEpoch: best.disk.currentEpoch,
        lastZxid: best.treeZxid,
        committed: best.committedLog,
        logReadable: true,
      },
      this.nowMs,
    );
    this.act(best);
    for (const node of looking) if (node !== best && this.random.float() < 0.8) this.#follow(node, best);
  }

  #follow(node: Node, leader: Node): void {
    if (!node.isLooking || leader.leader === undefined) return;
    const pipe: Pipe = { toLearner: [], toLeader: [], leader, learner: node, id: this.#nextPipe++, isOpen: true };
    this.#pipes.push(pipe);
    node.pipe = pipe;
    leader.leader.connected(pipe.id, this.nowMs);
    node.learner = new Learner(
      {
        membership: node.membership,
        leader: leader.sid,
        tickTimeMs: 100_000,
        initLimit: 10,
        syncLimit: 5,
        acceptedEpoch: node.disk.acceptedEpoch,
        currentEpoch: node.disk.currentEpoch,
        lastZxid: node.treeZxid,
        committed: node.committedLog,
        logs: true,
      },
      this.nowMs,
    );
    this.act(node);
  }

  #propose(): void {
    const node = this.nodes.find((one) => one.leader?.phase === "broadcast");
    const zxid = node?.leader?.nextZxid();
    if (node?.leader === undefined || zxid === undefined) return;
    const value = this.#nextValue++;
    const record = { type: OpCode.setData, path: "/a", data: Uint8Array.of(value & 0xff), version: value } as const;
    const header = { sessionId: 1n, cxid: value, zxid, timeMs: this.nowMs, type: OpCode.setData };
    node.leader.propose(makeTxn(header, record), undefined, this.nowMs);
  }

  #disk(): void {
    const node = this.#any(this.nodes.filter((one) => one.operations.length > 0));
    const operation = node?.operations.shift();
    if (node === undefined || operation === undefined) return;
    operation.do(node.disk);
    operation.done?.();
  }

  #deliver(): void {
    const pipe = this.#any(this.#pipes.filter((one) => one.toLeader.length > 0 || one.toLearner.length > 0));
    if (pipe === undefined) return;
    const isToLeader = pipe.toLearner.length === 0 || (pipe.toLeader.length > 0 && this.random.float() < 0.5);
    if (isToLeader) {
      const packet = pipe.toLeader.shift();
      if (packet !== undefined && !("snapshot" in packet)) pipe.leader.leader?.received(pipe.id, packet, this.nowMs);
      return;
    }
    const { learner: node } = pipe;
    const [next] = pipe.toLearner;
    if (node.learner === undefined || next === undefined) return;
    if ("snapshot" in next) {
      assert(node.learner.phase === "receiving", "a snapshot nobody waits for");
      pipe.toLearner.shift();
      node.received = [...next.snapshot];
      node.learner.snapshotReceived(this.nowMs);
    } else if (!node.learner.isWaiting) {
      pipe.toLearner.shift();
      node.learner.received(next, this.nowMs);
    }
  }

  // The shells' work

  act(node: Node): void {
    this.#actLeader(node);
    this.#actLearner(node);
  }

  #actLeader(node: Node): void {
    const { leader } = node;
    if (leader === undefined) return;
    for (const output of leader.takeOutputs()) {
      if (node.leader !== leader) return;
      const pipeOf = (id: number): Pipe | undefined => this.#pipes.find((pipe) => pipe.id === id);
      switch (output.kind) {
        case "send":
          for (const id of output.to) pipeOf(id)?.toLearner.push({ ...output, authInfo: null });
          break;
        case "send-snapshot": {
          this.seen.snap++;
          const pipe = pipeOf(output.to);
          pipe?.toLearner.push({ type: 15, zxid: output.zxid, data: null, authInfo: null });
          pipe?.toLearner.push({ snapshot: [...node.tree] });
          break;
        }
        case "read-log": {
          const history = [...node.disk.log];
          const at = history.findIndex((txn) => txn.header.zxid === output.from);
          leader.logRead(output.learner, at < 0 ? undefined : history.slice(at), this.nowMs);
          break;
        }
        case "close": {
          const pipe = pipeOf(output.learner);
          if (pipe !== undefined) this.#cut(pipe);
          break;
        }
        case "persist-accepted-epoch":
          this.#later(
            node,
            (disk) => (disk.acceptedEpoch = output.epoch),
            () => leader.acceptedEpochPersisted(this.nowMs),
          );
          break;
        case "persist-current-epoch":
          this.#later(
            node,
            (disk) => (disk.currentEpoch = output.epoch),
            () => leader.currentEpochPersisted(this.nowMs),
          );
          break;
        case "append":
          this.#later(
            node,
            (disk) => append(disk, output.txn),
            () => leader.logged(output.txn.header.zxid),
          );
          break;
        case "commit": {
          const { zxid } = output.txn.header;
          this.seen.committed++;
          this.#apply(node, output.txn, false);
          const last = this.history.at(-1)?.header.zxid ?? ZERO_ZXID;
          assert(zxid > last, `${zxidHex(zxid)} was committed after ${zxidHex(last)}`);
          this.history.push(...node.tree.slice(this.history.length));
          break;
        }
        case "established":
          this.seen.established++;
          assert(node.tree.length >= this.history.length, `leader ${node.sid} lacks what was committed`);
          // What it has is committed with it.
          this.history.push(...node.tree.slice(this.history.length));
          node.treeZxid = output.zxid;
          node.isServing = true;
          break;
        case "stop":
          this.#endRole(node);
          break;
        default:
      }
    }
  }

  #actLearner(node: Node): void {
    const { learner, pipe } = node;
    if (learner === undefined || pipe === undefined) return;
    for (const output of learner.takeOutputs()) {
      if (node.learner !== learner) return;
      switch (output.kind) {
        case "send":
          if (pipe.isOpen) pipe.toLeader.push({ ...output, authInfo: null });
          break;
        case "persist-accepted-epoch":
          this.#later(
            node,
            (disk) => (disk.acceptedEpoch = output.epoch),
            () => learner.acceptedEpochPersisted(this.nowMs),
          );
          break;
        case "truncate":
          this.seen.trunc++;
          this.#later(
            node,
            (disk) => (disk.log = disk.log.filter((txn) => txn.header.zxid <= output.zxid)),
            () => {
              node.tree = [...node.disk.snapshot, ...node.disk.log];
              assert(
                node.tree.every((txn) => txn.header.zxid <= output.zxid),
                "a snapshot holds what was to be cut",
              );
              node.treeZxid = output.zxid;
              learner.truncated(this.nowMs);
            },
          );
          break;
        case "apply":
          node.received?.push(output.txn);
          break;
        case "append-and-apply":
          this.seen.diff++;
          this.#later(node, (disk) => append(disk, output.txn));
          this.#apply(node, output.txn, true);
          break;
        case "make-durable": {
          const { received } = node;
          if (received === undefined) {
            this.#later(
              node,
              () => {},
              () => learner.durable(this.nowMs),
            );
          } else {
            this.#later(
              node,
              (disk) => {
                disk.snapshot = [...received];
                disk.log = [];
              },
              () => {
                node.tree = [...received];
                node.treeZxid = received.at(-1)?.header.zxid ?? ZERO_ZXID;
                node.committedLog.clear();
                learner.durable(this.nowMs);
              },
            );
          }
          break;
        }
        case "persist-current-epoch":
          this.#later(
            node,
            (disk) => (disk.currentEpoch = output.epoch),
            () => learner.currentEpochPersisted(this.nowMs),
          );
          break;
        case "up":
          node.isServing = true;
          break;
        case "append":
          this.#later(
            node,
            (disk) => append(disk, output.txn),
            () => learner.logged(output.txn.header.zxid),
          );
          break;
        case "commit":
          this.#apply(node, output.txn, false);
          break;
        case "leave":
          this.#endRole(node);
          break;
        default:
      }
    }
  }

  #apply(node: Node, txn: Txn, isOwn: boolean): void {
    const last = node.tree.at(-1)?.header.zxid ?? ZERO_ZXID;
    assert(txn.header.zxid > last, `server ${node.sid} applies ${zxidHex(txn.header.zxid)} after ${zxidHex(last)}`);
    node.tree.push(txn);
    node.treeZxid = txn.header.zxid;
    if (isOwn) node.committedLog.add(txn);
  }

  #later(node: Node, change: (disk: Disk) => void, done?: () => void): void {
    node.operations.push({ do: change, done });
  }
}

function append(disk: Disk, txn: Txn): void {
  disk.log.push(txn);
}

function isBetter(a: Node, b: Node): boolean {
  if (a.disk.currentEpoch !== b.disk.currentEpoch) return a.disk.currentEpoch > b.disk.currentEpoch;
  if (a.treeZxid !== b.treeZxid) return a.treeZxid > b.treeZxid;
  return a.sid > b.sid;
}
