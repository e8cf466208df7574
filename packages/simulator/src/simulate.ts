import { World } from "./world.ts";

/** A scenario failed; the message says with which seed, when, and what happened just before. */
export class SimulationError extends Error {
  readonly seed: number;
  readonly world: World;

  constructor(world: World, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const atMs = world.events.nowMs.toFixed(3);
    const events = world.lastEvents.slice(-20).map((line) => `  ${line}`);
    const again = `ORDINAL_SEED=${world.seed} repeats it exactly`;
    super([`seed ${world.seed} failed at ${atMs} ms: ${reason}`, again, "last events:", ...events].join("\n"), {
      cause,
    });
    this.name = "SimulationError";
    this.seed = world.seed;
    this.world = world;
  }
}

/**
 * Runs a scenario in a world of its own and gives its result. Whatever it throws becomes a `SimulationError` with the seed.
 *
 * @param options.limitMs the most virtual time it may take, by default one hour
 */
export async function simulate<T>(
  seed: number,
  scenario: (world: World) => Promise<T>,
  options: { readonly limitMs?: number } = {},
): Promise<T> {
  const world = new World(seed);
  try {
    return await world.until(scenario(world), options.limitMs);
  } catch (error) {
    throw new SimulationError(world, error);
  }
}

/** The seeds 1 to `count`, or the one that the environment variable ORDINAL_SEED names. */
export function seedsToTry(count: number, environment: NodeJS.ProcessEnv = process.env): number[] {
  const chosen = environment["ORDINAL_SEED"];
  if (chosen !== undefined) return [Number(chosen)];
  const first = Number(environment["ORDINAL_SEED_FIRST"] ?? 1);
  const many = Number(environment["ORDINAL_SEED_COUNT"] ?? count);
  return Array.from({ length: many }, (_, at) => first + at);
}
