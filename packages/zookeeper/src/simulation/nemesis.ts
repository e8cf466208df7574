/** What happens to the machines and the network of a simulated ensemble, one fault after the other, several at a time. */
import type { SeededRandom } from "@ordinal/kit";
import type { World } from "@ordinal/simulator";

import { JoiningFaults } from "./joining-faults.ts";
import type { SimulatedServer } from "./simulated-ensemble.ts";

type Fault = (nemesis: Nemesis) => void;

/** With how often each is drawn. The first lines matter most: what was promised must be on the disk. */
const FAULTS: ReadonlyArray<readonly [weight: number, name: string, fault: Fault]> = [
  [14, "kill", (nemesis) => nemesis.kill(nemesis.someServer())],
  [6, "kill-leader", (nemesis) => nemesis.kill(nemesis.leader() ?? nemesis.someServer())],
  [10, "kill-leader-in-a-lull", (nemesis) => nemesis.killInLull(nemesis.leader() ?? nemesis.someServer())],
  [5, "strand-leader", (nemesis) => nemesis.strand(nemesis.leader() ?? nemesis.someServer())],
  [16, "power-off", (nemesis) => nemesis.powerOff(nemesis.someServer())],
  [8, "power-off-leader", (nemesis) => nemesis.powerOff(nemesis.leader() ?? nemesis.someServer())],
  [6, "blackout", (nemesis) => nemesis.blackout()],
  [14, "majorities-in-turn", (nemesis) => nemesis.majoritiesInTurn()],
  [10, "cut", (nemesis) => nemesis.cutOff(nemesis.someServer())],
  [14, "cut-leader", (nemesis) => nemesis.cutOff(nemesis.leader() ?? nemesis.someServer())],
  [6, "cut-one-way", (nemesis) => nemesis.cutOneWay()],
  [5, "split", (nemesis) => nemesis.split()],
  [5, "reset", (nemesis) => nemesis.reset()],
  [5, "cut-clients", (nemesis) => nemesis.cutClients()],
  [4, "fail-sync", (nemesis) => nemesis.failSync()],
  [4, "full-disk", (nemesis) => nemesis.fillDisk()],
  [5, "stall-disk", (nemesis) => nemesis.stallDisk()],
  [4, "clock-jump", (nemesis) => nemesis.jumpClock()],
  [4, "slow-link", (nemesis) => nemesis.slowLink()],
];
const TOTAL_WEIGHT = FAULTS.reduce((sum, [weight]) => sum + weight, 0);

export class Nemesis {
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #servers: readonly SimulatedServer[];
  readonly #clientHosts: readonly string[];
  #victim: SimulatedServer | undefined;
  /** Until then the clients ask for nothing: servers join a leader that has proposed nothing yet. */
  quietUntilMs = 0;
  readonly counts = new Map<string, number>();
  readonly #joining: JoiningFaults;
  /** Who was held down last, so that an earlier end of its downtime does not wake it. */
  readonly #holds = new Map<SimulatedServer, number>();
  #nextHold = 1;
  /** Majorities take turns: nothing else breaks meanwhile. */
  #areInTurn = false;
  #endTurn: () => void = () => {};
  #isStarted = false;
  #isOver = false;

  constructor(world: World, servers: readonly SimulatedServer[], clientHosts: readonly string[]) {
    this.#world = world;
    this.#random = world.random.fork("nemesis");
    this.#servers = servers;
    this.#clientHosts = clientHosts;
    this.#joining = new JoiningFaults(world, this.#random.fork("joining"), {
      leader: () => this.leader(),
      count: (name) => this.#count(name),
      powerOff: (server) => this.#strikeJoining(server),
    });
  }

  /** A server tells what it does. */
  heard(server: SimulatedServer, event: string): void {
    if (this.#isStarted) this.#joining.heard(server, event);
  }

  get faults(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  start(): void {
    this.#isStarted = true;
    this.#plan(this.#random.between(50, 600));
  }

  #plan(afterMs: number): void {
    this.#world.clock.setTimer(afterMs, () => {
      if (this.#isOver) return;
      if (!this.#areInTurn) this.#strike();
      // What breaks something often comes while something else is being mended.
      this.#plan(this.#random.chance(0.45) ? this.#random.between(0, 150) : this.#random.between(150, 1200));
    });
  }

  #strike(): void {
    let draw = this.#random.between(0, TOTAL_WEIGHT - 1);
    for (const [weight, name, fault] of FAULTS) {
      draw -= weight;
      if (draw >= 0) continue;
      this.#count(name);
      fault(this);
      return;
    }
  }

  /** Everything is mended, and every server runs or is being started. */
  end(): void {
    this.#isOver = true;
    this.#joining.isOver = true;
    this.quietUntilMs = 0;
    this.#world.note("faults-end");
    this.#world.network.healAll();
    for (const server of this.#servers) {
      server.host.device.freeBytes = Number.POSITIVE_INFINITY;
      server.host.device.failSyncs(0);
      server.host.device.failWrites(0);
      server.host.device.resume();
      server.host.device.stopBefore(0, () => {});
      for (const other of this.#everybody()) {
        this.#world.network.link(server.host.address, other).delayMs = this.#world.network.delayMs;
        this.#world.network.link(other, server.host.address).delayMs = this.#world.network.delayMs;
      }
      if (server.isHeldDown) this.#up(server);
    }
  }

  /** Often the one that something has just happened to. */
  someServer(): SimulatedServer {
    if (this.#victim === undefined || this.#random.chance(0.7)) this.#victim = this.#random.pick(this.#servers);
    return this.#victim;
  }

  leader(): SimulatedServer | undefined {
    return this.#servers.find(({ running }) => running?.view.service.replica?.role === "leader");
  }

  kill(server: SimulatedServer): void {
    if (server.isHeldDown) return;
    server.kill();
    this.#downFor(server, this.#downtimeMs());
  }

  /** What it proposed last and nobody else has is all that is between it and the next leader. */
  killInLull(server: SimulatedServer): void {
    if (server.isHeldDown) return;
    server.kill();
    const downtimeMs = this.#random.between(1, 300);
    this.#lull(downtimeMs + this.#random.between(100, 700));
    this.#downFor(server, downtimeMs);
  }

  /** Cut off, it goes on proposing; when it comes back nothing has happened elsewhere. */
  strand(server: SimulatedServer): void {
    this.cutOff(server);
    this.#world.clock.setTimer(this.#random.between(20, 150), () => this.#lull(this.#random.between(1500, 3500)));
  }

  #lull(forMs: number): void {
    if (!this.#isOver) this.quietUntilMs = this.#world.events.nowMs + forMs;
  }

  powerOff(server: SimulatedServer): void {
    if (server.isHeldDown) return;
    server.powerOff();
    this.#downFor(server, this.#downtimeMs());
  }

  /** All machines at once, as in a room without power. */
  blackout(): void {
    const downtimeMs = this.#downtimeMs();
    for (const server of this.#servers) {
      if (server.isHeldDown) continue;
      server.powerOff();
      this.#downFor(server, downtimeMs + this.#random.between(0, 100));
    }
  }

  /**
   * First one majority serves, then all lose power and another one has to know what the first one promised, and so on. Whoever loses
   * power while it joins stays away until the next turn, which begins at once.
   */
  majoritiesInTurn(): void {
    this.#areInTurn = true;
    this.#joining.eagerness = 4;
    this.#takeTurn(this.#random.between(2, 4), []);
  }

  #takeTurn(turnsLeft: number, previous: readonly SimulatedServer[]): void {
    if (this.#isOver) return;
    if (turnsLeft === 0) {
      this.#areInTurn = false;
      this.#joining.eagerness = 1;
      for (const server of this.#servers) if (server.isHeldDown) this.#downFor(server, this.#random.between(1, 200));
      return;
    }
    const voters = this.#servers.filter((server) => server.isVoter);
    const size = Math.floor(voters.length / 2) + 1;
    let majority: readonly SimulatedServer[];
    do majority = this.#random.shuffle([...voters]).slice(0, size);
    while (voters.length > size && majority.every((server) => previous.includes(server)));
    const isFirst = previous.length === 0;
    const isKill = this.#random.chance(0.25);
    for (const server of voters) {
      const belongs = majority.includes(server);
      if (isFirst && belongs && !server.isHeldDown) continue;
      if (!server.isHeldDown && isKill) server.kill();
      else if (!server.isHeldDown) server.powerOff();
      if (belongs) this.#downFor(server, this.#random.between(1, 40));
      else if (this.#random.chance(0.4)) this.#downFor(server, this.#random.between(200, 900));
      else this.#hold(server);
    }
    let isOver = false;
    this.#endTurn = (): void => {
      if (isOver) return;
      isOver = true;
      this.#takeTurn(turnsLeft - 1, majority);
    };
    const durationMs = isFirst ? this.#random.between(300, 1200) : this.#random.between(200, 1500);
    this.#world.clock.setTimer(durationMs, this.#endTurn);
    if (this.#random.chance(0.6))
      this.#world.clock.setTimer(durationMs - this.#random.between(10, 150), () => this.#forsake());
  }

  /** The leader proposes on, and nobody hears it; what it has then is nobody else's, and nothing comes after it for a while. */
  #forsake(): void {
    const leader = this.leader();
    if (leader === undefined || !this.#areInTurn || this.#isOver) return;
    const others = this.#servers.filter((other) => other !== leader).map((other) => other.host.address);
    this.#world.network.cut(leader.host.address, others);
    this.#world.clock.setTimer(200, () => {
      if (this.#isOver) return;
      this.#world.network.heal(leader.host.address, others);
    });
    this.#world.clock.setTimer(100, () => this.#lull(this.#random.between(500, 2000)));
  }

  #strikeJoining(server: SimulatedServer): void {
    if (!this.#areInTurn) {
      this.powerOff(server);
      return;
    }
    if (server.isHeldDown) return;
    server.powerOff();
    this.#hold(server);
    this.#world.clock.setTimer(this.#random.between(1, 60), this.#endTurn);
  }

  cutOff(server: SimulatedServer): void {
    const others = this.#servers.filter((other) => other !== server).map((other) => other.host.address);
    this.#cutFor(server.host.address, others, server);
  }

  cutOneWay(): void {
    const [from, to] = this.#random.shuffle([...this.#servers]);
    if (from === undefined || to === undefined) return;
    const link = this.#world.network.link(from.host.address, to.host.address);
    link.cut();
    this.#later(() => link.heal());
  }

  split(): void {
    const shuffled = this.#random.shuffle(this.#servers.map((server) => server.host.address));
    const at = this.#random.between(1, Math.max(1, shuffled.length - 1));
    this.#cutFor(shuffled.slice(0, at), shuffled.slice(at));
  }

  reset(): void {
    const [one, other] = this.#random.shuffle([...this.#everybody()]);
    if (one !== undefined && other !== undefined) this.#world.network.reset(one, other);
  }

  cutClients(): void {
    this.#cutFor(this.someServer().host.address, [...this.#clientHosts]);
  }

  failSync(): void {
    this.someServer().host.device.failSyncs(1);
  }

  fillDisk(): void {
    const { device } = this.someServer().host;
    device.freeBytes = this.#random.between(0, 2000);
    this.#later(() => {
      device.freeBytes = Number.POSITIVE_INFINITY;
    });
  }

  stallDisk(): void {
    const { device } = this.someServer().host;
    device.stall();
    this.#later(() => device.resume());
  }

  jumpClock(): void {
    this.someServer().host.clockOffsetMs = this.#random.between(-3_600_000, 3_600_000);
  }

  slowLink(): void {
    const [one, other] = this.#random.shuffle([...this.#servers]);
    if (one === undefined || other === undefined) return;
    const { network } = this.#world;
    const links = [
      network.link(one.host.address, other.host.address),
      network.link(other.host.address, one.host.address),
    ];
    for (const link of links) link.delayMs = [20, 200];
    this.#later(() => {
      for (const link of links) link.delayMs = network.delayMs;
    });
  }

  #everybody(): string[] {
    return [...this.#servers.map((server) => server.host.address), ...this.#clientHosts];
  }

  #downtimeMs(): number {
    return this.#random.chance(0.6) ? this.#random.between(1, 150) : this.#random.between(150, 2500);
  }

  #downFor(server: SimulatedServer, downtimeMs: number): void {
    const hold = this.#hold(server);
    this.#world.clock.setTimer(downtimeMs, () => {
      if (server.isHeldDown && this.#holds.get(server) === hold) this.#up(server);
    });
  }

  #hold(server: SimulatedServer): number {
    const hold = this.#nextHold++;
    server.isHeldDown = true;
    this.#holds.set(server, hold);
    return hold;
  }

  #up(server: SimulatedServer): void {
    server.isHeldDown = false;
    server.start();
    this.#joins(server);
  }

  /** It joins now: what it is told and promises in these moments must survive the next fault. */
  #joins(server: SimulatedServer): void {
    if (this.#isOver || this.#random.chance(0.55)) return;
    this.#world.clock.setTimer(this.#random.between(5, 120), () => {
      if (this.#isOver) return;
      this.#count("while-joining");
      this.#breakJoining(server);
    });
  }

  #breakJoining(server: SimulatedServer): void {
    const leader = this.leader();
    const { device } = server.host;
    switch (this.#random.between(0, 9)) {
      case 0:
        this.kill(server);
        return;
      case 1:
      case 2:
        this.powerOff(server);
        return;
      case 3:
        if (leader !== undefined) this.powerOff(leader);
        return;
      case 4:
        if (leader !== undefined) this.kill(leader);
        return;
      case 5:
        if (leader !== undefined) this.#world.network.reset(server.host.address, leader.host.address);
        return;
      case 6:
      case 7:
        this.#interrupt(server);
        return;
      case 8:
        device.failWrites(1);
        return;
      default:
        device.failSyncs(1);
    }
  }

  /** Its disk takes long over what the leader sent, and the leader is lost meanwhile. */
  #interrupt(server: SimulatedServer): void {
    const { device, address } = server.host;
    device.stall();
    this.#world.clock.setTimer(this.#random.between(5, 200), () => {
      const leader = this.leader();
      if (leader !== undefined && !this.#isOver) this.#world.network.reset(address, leader.host.address);
      this.#world.clock.setTimer(this.#random.between(0, 400), () => device.resume());
    });
  }

  #count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.#world.note("fault", { name });
  }

  #cutFor(one: string | readonly string[], other: string | readonly string[], alone?: SimulatedServer): void {
    this.#world.network.cut(one, other);
    this.#later(() => {
      this.#world.network.heal(one, other);
      if (alone !== undefined) this.#joins(alone);
    });
  }

  #later(mend: () => void): void {
    this.#world.clock.setTimer(this.#random.between(50, 2500), () => {
      if (!this.#isOver) mend();
    });
  }
}
