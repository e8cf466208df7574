import { Contender } from "./contender.ts";
import type { LoadJob } from "./load-job.ts";
import type { Operation } from "./request-frames.ts";
import { type Measured, median } from "./row.ts";
import type { Bench } from "./settings.ts";

const OPERATIONS: readonly Operation[] = ["create", "set", "get", "exists"];
const SIZES = [
  { name: "100 B", bytes: 100 },
  { name: "1 KB", bytes: 1024 },
];
const LOADS = [
  { name: "1 client", connections: 1, outstanding: 1 },
  { name: "1 × 100", connections: 1, outstanding: 100 },
  { name: "30 × 10", connections: 30, outstanding: 10 },
];
/** Above this the load process itself may be what is measured. */
const CLIENT_BUSY_MAX = 0.9;

interface Case {
  readonly name: string;
  readonly operation: Operation;
  readonly bytes: number;
  readonly connections: number;
  readonly outstanding: number;
}

/** Both ensembles run all the time; each row is measured on one and then on the other, round by round. */
export async function* throughputRows(bench: Bench): AsyncGenerator<Measured> {
  const cases = allCases().filter(({ name }) => bench.settings.wants(name));
  if (cases.length === 0) return;
  await using ours = await Contender.prepare("ours", `${bench.folder}/throughput`);
  await using original = await Contender.prepare("original", `${bench.folder}/throughput`);
  const sides = [];
  for (const contender of [ours, original]) {
    contender.start();
    const { leader, followers } = await contender.roles();
    // A single client is with a follower, as most clients are; thirty are with all servers alike.
    sides.push({ contender, ports: [...followers, leader].map((server) => server.clientPort) });
  }
  await warmUp(bench, sides);
  for (const { name, ...work } of cases) {
    const rates = { ours: [] as number[], original: [] as number[] };
    const busy: number[] = [];
    for (let round = 0; round < bench.settings.rounds; round++) {
      for (const { contender, ports } of round % 2 === 0 ? sides : sides.toReversed()) {
        const result = await bench.load.run(jobFor(bench, work, ports));
        rates[contender.name].push(result.perSecond);
        busy.push(result.clientBusy);
      }
    }
    const clientBusy = median(busy);
    if (clientBusy > CLIENT_BUSY_MAX) {
      bench.say(
        `${name}: the load process was busy ${Math.round(clientBusy * 100)} % of the time; it may be what limits`,
      );
    }
    yield { name, unit: "ops/s", ...rates };
  }
}

function allCases(): Case[] {
  return OPERATIONS.flatMap((operation) =>
    SIZES.flatMap((size) =>
      LOADS.map(({ name, connections, outstanding }) => ({
        name: `${operation} ${size.name}, ${name}`,
        operation,
        bytes: size.bytes,
        connections,
        outstanding,
      })),
    ),
  );
}

function jobFor({ settings }: Bench, work: Omit<Case, "name">, ports: readonly number[]): LoadJob {
  return { kind: "throughput", ...work, ports, warmMs: settings.warmMs, measureMs: settings.measureMs };
}

/** Both have compiled what they need before anything counts. */
async function warmUp(
  bench: Bench,
  sides: ReadonlyArray<{ readonly contender: Contender; readonly ports: readonly number[] }>,
): Promise<void> {
  bench.say("warming up");
  for (const { ports } of sides) {
    for (const operation of OPERATIONS) {
      for (const { connections, outstanding } of LOADS) {
        await bench.load.run(jobFor(bench, { operation, bytes: 100, connections, outstanding }, ports));
      }
    }
  }
}
