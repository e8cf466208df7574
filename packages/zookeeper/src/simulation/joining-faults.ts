/** Faults at the very moments that matter while a server joins a leader: each promise is on its way to the disk then. */
import type { SeededRandom } from "@ordinal/kit";
import type { World } from "@ordinal/simulator";

import type { SimulatedServer } from "./simulated-ensemble.ts";

/** What the nemesis does for these faults. */
export interface Striker {
  leader(): SimulatedServer | undefined;
  count(name: string): void;
  /** The machine loses power and comes back when the nemesis likes. */
  powerOff(server: SimulatedServer): void;
}

/** Of the disk: two epochs, a snapshot and the log take about that many. */
const OPERATIONS_OF_A_JOIN = 20;
const CHANCE: ReadonlyMap<string, number> = new Map([
  ["connected-to-leader", 0.1],
  ["truncating", 0.4],
  ["snapshot-received", 0.4],
  ["leading", 0.05],
]);

export class JoiningFaults {
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #striker: Striker;
  /** Makes all of it more or less frequent. */
  eagerness = 1;
  isOver = false;

  constructor(world: World, random: SeededRandom, striker: Striker) {
    this.#world = world;
    this.#random = random;
    this.#striker = striker;
  }

  /** A server tells what it does. */
  heard(server: SimulatedServer, event: string): void {
    const chance = CHANCE.get(event);
    if (this.isOver || chance === undefined || !this.#random.chance(Math.min(0.9, chance * this.eagerness))) return;
    this.#striker.count(`while-${event}`);
    switch (event) {
      case "truncating":
        this.#breakTruncate(server);
        return;
      case "snapshot-received":
        this.#breakSnapshot(server);
        return;
      default:
        this.#powerOffWithin(server, OPERATIONS_OF_A_JOIN);
    }
  }

  /** Power is lost between two operations of the disk, after at most that many. */
  #powerOffWithin(server: SimulatedServer, operations: number): void {
    const { device } = server.host;
    device.stopBefore(device.operations + this.#random.between(1, operations), () => this.#striker.powerOff(server));
  }

  #breakTruncate(server: SimulatedServer): void {
    const { device } = server.host;
    switch (this.#random.between(0, 5)) {
      case 0:
      case 1:
        device.failWrites(1);
        return;
      case 2:
        device.failSyncs(1);
        return;
      case 3:
        this.#loseLeader(server, 60);
        return;
      default:
        this.#powerOffWithin(server, 10);
    }
  }

  #breakSnapshot(server: SimulatedServer): void {
    const { device } = server.host;
    switch (this.#random.between(0, 6)) {
      case 0:
        device.failSyncs(1);
        return;
      case 1:
        device.freeBytes = this.#random.between(0, 500);
        this.#world.clock.setTimer(this.#random.between(20, 400), () => {
          device.freeBytes = Number.POSITIVE_INFINITY;
        });
        return;
      case 2:
        this.#powerOffWithin(server, 10);
        return;
      default:
        // Before it writes what it received, and while it does.
        this.#loseLeader(server, this.#random.chance(0.6) ? 1 : 60);
    }
  }

  /** Its disk takes long, and the leader is gone before it is done. */
  #loseLeader(server: SimulatedServer, withinMs: number): void {
    const { device, address } = server.host;
    device.stall();
    this.#world.clock.setTimer(this.#random.between(0, withinMs), () => {
      const leader = this.#striker.leader();
      if (leader !== undefined && !this.isOver) {
        if (this.#random.chance(0.3)) this.#striker.powerOff(leader);
        else this.#world.network.reset(address, leader.host.address);
      }
      this.#world.clock.setTimer(this.#random.between(0, 200), () => device.resume());
    });
  }
}
