import { Contender } from "./contender.ts";
import { type Measured, median } from "./row.ts";
import type { Bench } from "./settings.ts";

const FIRST_WRITE_TIMEOUT_MS = 60_000;
const LOADED_CONNECTIONS = 30;
const LOADED_OUTSTANDING = 10;
const SAMPLE_MS = 50;

type Name = Contender["name"];
/** One number of a fresh ensemble. */
type Measure = (bench: Bench, contender: Contender) => Promise<number>;

const ROWS: ReadonlyArray<{ name: (bench: Bench) => string; unit: "ms" | "MB"; measure: Measure }> = [
  { name: () => "start to first write", unit: "ms", measure: startToFirstWrite },
  { name: () => "kill -9 of the leader to next write", unit: "ms", measure: failover },
  {
    name: ({ settings }) => `restart with ${settings.znodes.toLocaleString("en-US")} znodes`,
    unit: "ms",
    measure: restart,
  },
  { name: () => "memory of a server, idle", unit: "MB", measure: idleMemory },
  { name: () => "memory of a server, loaded", unit: "MB", measure: loadedMemory },
];

/** Every round has ensembles of its own with empty data, one side after the other. */
export async function* lifeRows(bench: Bench): AsyncGenerator<Measured> {
  for (const { name, unit, measure } of ROWS) {
    const rowName = name(bench);
    if (!bench.settings.wants(rowName)) continue;
    const values: Record<Name, number[]> = { ours: [], original: [] };
    for (let round = 0; round < bench.settings.lifeRounds; round++) {
      const order: readonly Name[] = round % 2 === 0 ? ["ours", "original"] : ["original", "ours"];
      for (const side of order) {
        const folder = `${bench.folder}/${unit}-${rowName.replaceAll(/\W+/g, "-")}-${round}`;
        await using contender = await Contender.prepare(side, folder);
        values[side].push(await measure(bench, contender));
      }
    }
    yield { name: rowName, unit, ...values };
  }
}

/** From the start of three processes without data to the first write that a client has acknowledged. */
async function startToFirstWrite({ load }: Bench, contender: Contender): Promise<number> {
  const fromMs = performance.timeOrigin + performance.now();
  contender.start();
  const { ports } = contender;
  const result = await load.run({ kind: "first-write", ports, kill: undefined, timeoutMs: FIRST_WRITE_TIMEOUT_MS });
  return result.firstWriteAtMs - fromMs;
}

async function failover(bench: Bench, contender: Contender): Promise<number> {
  contender.start();
  const { leader } = await contender.roles();
  await bench.load.run({ kind: "fill", ports: contender.ports, count: Math.ceil(bench.settings.znodes / 100) });
  await pause(bench.settings.idleMs);
  const { pid } = leader;
  if (pid === undefined) throw new Error(`${contender.name}: the leader has no process`);
  const job = { kind: "first-write", ports: contender.ports, kill: pid, timeoutMs: FIRST_WRITE_TIMEOUT_MS } as const;
  const { firstWriteMs } = await bench.load.run(job);
  await contender.mustHaveLeaderBut(leader);
  return firstWriteMs;
}

/** All three are killed and started on the data they left, snapshots and logs as they are then. */
async function restart(bench: Bench, contender: Contender): Promise<number> {
  contender.start();
  await contender.roles();
  await bench.load.run({ kind: "fill", ports: contender.ports, count: bench.settings.znodes });
  await pause(bench.settings.idleMs);
  await contender.kill();
  return startToFirstWrite(bench, contender);
}

async function idleMemory(bench: Bench, contender: Contender): Promise<number> {
  contender.start();
  await contender.roles();
  await pause(bench.settings.idleMs);
  return median(contender.memoryMb());
}

/** The most that a server had while it took the znodes, and then writes and reads of thirty clients. */
async function loadedMemory(bench: Bench, contender: Contender): Promise<number> {
  contender.start();
  await contender.roles();
  const most = contender.servers.map(() => 0);
  const sampler = setInterval(() => {
    for (const [index, megabytes] of contender.memoryMb().entries()) {
      most[index] = Math.max(most[index] ?? 0, megabytes);
    }
  }, SAMPLE_MS);
  try {
    const { ports } = contender;
    const { warmMs, measureMs, znodes } = bench.settings;
    await bench.load.run({ kind: "fill", ports, count: znodes });
    for (const operation of ["set", "get"] as const) {
      await bench.load.run({
        kind: "throughput",
        operation,
        bytes: 1024,
        ports,
        connections: LOADED_CONNECTIONS,
        outstanding: LOADED_OUTSTANDING,
        warmMs,
        measureMs: measureMs * 3,
      });
    }
    await pause(SAMPLE_MS * 2);
  } finally {
    clearInterval(sampler);
  }
  return median(most);
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
